"""Records to events: what is taken, what is refused in which words, and that neighbours live."""

from typing import Any, Final

import orjson
import pytest

from stream.events.batch import Decoded
from stream.events.decode import decode, decode_objects
from stream.events.language import Reason, Rejected
from stream.events.names import Names
from stream.events.parse import RECORD_BYTES_MOST
from stream.events.partition import Route, partition_of
from tests.events.drawn import CALL, HEARTBEAT, QUEUE, STATE, T_MS, Document, told

GOOD: Final = orjson.dumps(STATE)


def decoded(*values: bytes | None) -> Decoded:
    return decode(values, None, Names())


def refusal(**changes: Any) -> Rejected:
    """Why a state event with these fields is refused; its neighbours are taken."""
    document = {name: value for name, value in (STATE | changes).items() if value is not ...}
    done = decode_objects([STATE, document, STATE], None, Names())
    assert done.batch.record.tolist() == [0, 2]
    (only,) = done.rejected
    assert only.record == 1
    return only


BROKEN: Final[dict[str, tuple[bytes | None, Reason, str]]] = {
    "no value": (None, Reason.empty, "no value"),
    "an empty value": (b"", Reason.empty, "no value"),
    "a space": (b" ", Reason.broken_json, ""),
    "an empty array": (b"[]", Reason.empty, "empty array"),
    "half an object": (GOOD[:-1], Reason.broken_json, "line 1 column"),
    "two objects": (GOOD + GOOD, Reason.broken_json, ""),
    "objects with a comma": (GOOD + b"," + GOOD, Reason.broken_json, ""),
    "latin-1": ('{"agent":"jürgen"}'.encode("latin-1"), Reason.broken_json, ""),
    "half a surrogate": (b'{"agent":"\\ud83d"}', Reason.broken_json, ""),
    "NaN": (b'{"ts":NaN}', Reason.broken_json, ""),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, Reason.broken_json, ""),
    "a number": (b"5", Reason.not_an_object, "this is 5"),
    "null": (b"null", Reason.not_an_object, "this is None"),
    "a text": (b'"state"', Reason.not_an_object, "this is 'state'"),
    "an array in an array": (b"[[" + GOOD + b"]]", Reason.not_an_object, "this is [{"),
    "2 000 brackets": (b"[" * 2_000 + b"]" * 2_000, Reason.broken_json, "depth"),
    "1 000 brackets": (b"[" * 1_000 + b"]" * 1_000, Reason.not_an_object, "[[[...]]]"),
    "a deep type": (
        b'{"type":' + b'{"a":' * 1_000 + b"1" + b"}" * 1_001, Reason.wrong_type, "type {'a': {",
    ),
    "10 MB": (b" " * 10_000_000 + GOOD, Reason.too_large, f"allowed: {RECORD_BYTES_MOST}"),
    "10 MB of digits": (b'{"ts":' + b"9" * 10_000_000 + b"}", Reason.too_large, ""),
    "an empty object": (b"{}", Reason.missing_field, "type is missing"),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_record_that_is_no_event_is_refused_and_its_neighbours_are_taken(what: str) -> None:
    value, reason, words = BROKEN[what]
    done = decoded(GOOD, value, b"[" + GOOD + b"," + GOOD + b"]", GOOD)
    assert done.batch.record.tolist() == [0, 2, 2, 3]
    assert [(one.record, one.reason) for one in done.rejected] == [(1, reason)]
    assert words in done.rejected[0].detail
    assert len(done.rejected[0].detail) < 300


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (b'{"type":"state","ts":%d,"agent":"ann"' % T_MS, b'"state":"aux"}'),
        (b"[" + GOOD, GOOD + b"]"),
        (GOOD[:-1], b'"x":1}'),
        (b'{"a":"', b'"}'),
        (b'{"a":[', b"]}"),
    ],
)
def test_two_broken_records_that_would_make_sense_together_are_both_refused(
    first: bytes, second: bytes
) -> None:
    for between in ((), (GOOD,)):
        done = decoded(GOOD, first, *between, second, GOOD)
        assert len(done.batch) == 2 + len(between)
        assert [one.record for one in done.rejected] == [1, 2 + len(between)]
        assert {one.reason for one in done.rejected} == {Reason.broken_json}


def test_of_a_field_that_stands_twice_the_last_counts_joined_or_alone() -> None:
    value = GOOD[:-1] + b',"state":"aux","agent":"bob"}'
    together, alone = decoded(value, GOOD), decoded(b"[" + value + b"]")
    assert together.batch.states.state[0] == alone.batch.states.state[0] == 7
    assert not together.rejected


def test_a_tombstone_between_events_is_counted_as_empty() -> None:
    done = decoded(None, GOOD, None)
    assert [(one.record, one.reason) for one in done.rejected] == [
        (0, Reason.empty), (2, Reason.empty),
    ]  # fmt: skip
    assert done.batch.record.tolist() == [1]


def test_no_records_are_no_events() -> None:
    done = decode([], [], Names(), Route(0, 8))
    assert (len(done.batch), done.rejected) == (0, [])


def test_a_bad_event_of_an_array_leaves_the_others_of_its_record() -> None:
    value = orjson.dumps([STATE, {**STATE, "state": "lunch"}, 7, CALL, QUEUE, HEARTBEAT])
    done = decoded(GOOD, value)
    assert done.batch.record.tolist() == [0, 1, 1, 1, 1]
    assert [(one.record, one.reason) for one in done.rejected] == [
        (1, Reason.unknown_enum), (1, Reason.not_an_object),
    ]  # fmt: skip


def test_emoji_arrive_whole() -> None:
    names = Names()
    document = {**STATE, "agent": "👩\u200d💻", "team": "夜班☎", "floor": "北京🏙️"}
    batch = decode([orjson.dumps(document)], None, names).batch
    assert names.seats.keys[batch.states.seat[0]] == ("北京🏙️", "👩\u200d💻", "夜班☎")


@pytest.mark.parametrize("name", ["agent", "team", "floor", "source"])
@pytest.mark.parametrize("value", ["", "x" * 1_024, "☎" * 43, "a\0b", "a/b", "a\nb", "a\x7f"])
def test_an_id_that_cannot_stand_in_a_key_is_refused(name: str, value: str) -> None:
    only = refusal(**{name: value})
    assert only.reason == Reason.bad_id
    assert only.detail.startswith(f"{name} '")
    assert only.detail.isascii()
    assert "1 to 128 bytes" in only.detail


@pytest.mark.parametrize(
    ("ts", "words"),
    [
        (1_772_447_000, "it looks like seconds: send milliseconds"),
        (1_772_447_000_000_000, "it looks like microseconds: send milliseconds"),
        (1_772_447_000_000_000_000, "it looks like nanoseconds: send milliseconds"),
        (0, "outside 1990 to 2100"),
        (631_151_999_999, "outside 1990 to 2100"),
        (4_102_444_800_000, "outside 1990 to 2100"),
        (2**63, "outside 1990 to 2100"),
        ("1970-01-01T00:00:00Z", "outside 1990 to 2100"),
        ("2999-01-01T00:00:00Z", "outside 1990 to 2100"),
        ("2026-03-02T10:43:12", "has no offset; end it with Z or +08:00"),
        ("yesterday", "allowed: RFC 3339, as 2026-03-02T10:43:12.345Z"),
    ],
)
def test_an_absurd_time_is_refused_with_a_hint_and_never_guessed(ts: object, words: str) -> None:
    only = refusal(ts=ts)
    assert only.reason == Reason.bad_time
    assert words in only.detail


def test_the_least_and_the_latest_instants_are_taken() -> None:
    instants = [631_152_000_000, 4_102_444_799_999]
    done = decode_objects([{**STATE, "ts": ts} for ts in instants], None, Names())
    assert done.batch.ts_ms.tolist() == instants


def test_rfc_3339_is_taken_with_any_offset_and_cut_to_the_millisecond() -> None:
    texts = [
        "2026-03-02T10:23:20Z",
        "2026-03-02T18:23:20.000999+08:00",
        "2026-03-02T04:53:20-05:30",
    ]
    done = decode_objects([{**STATE, "ts": text} for text in texts], None, Names())
    assert done.batch.ts_ms.tolist() == [T_MS] * 3


@pytest.mark.parametrize(
    ("changes", "reason", "words"),
    [
        ({"ts": ...}, Reason.missing_field, "ts is missing"),
        ({"ts": None}, Reason.missing_field, "ts is missing"),
        ({"ts": float(T_MS)}, Reason.wrong_type, "whole epoch milliseconds"),
        ({"ts": float("nan")}, Reason.wrong_type, "ts nan"),
        ({"ts": True}, Reason.wrong_type, "ts True"),
        ({"type": ...}, Reason.missing_field, "type is missing; allowed: state, call, queue"),
        ({"type": "status"}, Reason.unknown_enum, "type 'status'; allowed: state, call, queue"),
        ({"type": 1}, Reason.wrong_type, "type 1"),
        ({"state": ...}, Reason.missing_field, "state is missing; allowed: available, ringing"),
        ({"state": "lunch"}, Reason.unknown_enum, "state 'lunch'; allowed: available, ringing"),
        ({"state": 3}, Reason.wrong_type, "state 3"),
        ({"agent": ...}, Reason.missing_field, "agent is missing"),
        ({"agent": None}, Reason.missing_field, "agent is missing"),
        ({"agent": 17}, Reason.wrong_type, "agent 17; allowed: a string"),
        ({"team": ["blue"]}, Reason.wrong_type, "team ['blue']"),
        ({"seq": -1}, Reason.out_of_range, "seq -1; allowed: 0 to"),
        ({"seq": True}, Reason.wrong_type, "seq True; allowed: a whole number"),
        ({"sync": 1}, Reason.wrong_type, "sync 1; allowed: true or false"),
        ({"reason": "x" * 65}, Reason.out_of_range, "at most 64 bytes"),
        ({"work_mode": "moon"}, Reason.unknown_enum, "work_mode 'moon'; allowed: on_site, at_home"),
        ({"talk_s": float("inf")}, Reason.out_of_range, "talk_s inf; allowed: 0 to 2592000 s"),
        ({"talk_s": 1e308}, Reason.out_of_range, "talk_s 1e+308"),
        ({"talk_s": False}, Reason.wrong_type, "talk_s False; allowed: seconds as a number"),
        (
            {"type": "call", "call": "c", "phase": "hung_up"},
            Reason.unknown_enum,
            "phase 'hung_up'; allowed: offered",
        ),
        ({"type": "call", "phase": "offered"}, Reason.missing_field, "call is missing"),
        ({"type": "queue"}, Reason.missing_field, "waiting is missing"),
        ({"type": "snapshot"}, Reason.missing_field, "agents is missing; allowed: an array"),
        (
            {"type": "snapshot", "agents": "ann"},
            Reason.wrong_type,
            "agents 'ann'; allowed: an array of names",
        ),
        ({"type": "snapshot", "agents": ["ann", 7]}, Reason.wrong_type, "agents[1] 7; allowed: a"),
        ({"type": "snapshot", "agents": ["a/b"]}, Reason.bad_id, "agents[0] 'a/b'; allowed: 1 to"),
        (
            {"type": "snapshot", "agents": ["ann"] * 200_001},
            Reason.out_of_range,
            "agents has 200001 names; allowed: 200000",
        ),
    ],
)
def test_a_field_that_breaks_a_rule_is_named_with_its_value_and_what_is_allowed(
    changes: Document, reason: Reason, words: str
) -> None:
    only = refusal(**changes)
    assert only.reason == reason
    assert words in only.detail


def test_unknown_fields_and_nulls_say_nothing() -> None:
    more = {"colour": {"deep": [1]}, "team": None, "seq": None, "sync": None, "reason": None}
    names, plain = Names(), Names()
    done = told(decode_objects([{**STATE, **more}], None, names), names)
    assert done == told(decode_objects([STATE], None, plain), plain)


@pytest.mark.parametrize("beside", [b"", b"{", b'{"type":"state","ts":5}'])
def test_an_unknown_field_may_hold_any_number_but_no_broken_text(beside: bytes) -> None:
    huge = b'{"type":"heartbeat","ts":%d,"colour":1e999}' % T_MS
    broken = b'{"type":"heartbeat","ts":%d,"colour":"\xff"}' % T_MS
    given = decode([huge, beside, broken], None, Names())
    assert given.batch.record.tolist() == [0]
    assert [one.record for one in given.rejected] == [1, 2]


def test_an_event_up_to_5_s_ahead_of_kafkas_time_is_taken_and_beyond_it_is_refused() -> None:
    ahead = [T_MS + 5_000, T_MS + 5_001, T_MS - 10_000_000]
    done = decode_objects([{**STATE, "ts": ts} for ts in ahead], [T_MS] * 3, Names())
    assert done.batch.record.tolist() == [0, 2]
    assert done.batch.seen_ms.tolist() == [T_MS, T_MS]
    assert [(one.record, one.reason) for one in done.rejected] == [(1, Reason.ahead)]
    assert done.rejected[0].detail == (
        "ts 2026-03-02T10:23:25.001Z lies more than 5 s ahead of Kafka's time stamp "
        "2026-03-02T10:23:20.000Z; check the source's clock"
    )


def test_a_floor_of_another_partition_is_misrouted() -> None:
    floors = [f"floor-{number}" for number in range(20)]
    homes = [partition_of(floor, 4) for floor in floors]
    values = [orjson.dumps({**STATE, "floor": floor}) for floor in floors]
    done = decode(values, [T_MS] * 20, Names(), Route(2, 4))
    assert done.batch.record.tolist() == [at for at, home in enumerate(homes) if home == 2]
    assert [one.record for one in done.rejected] == [at for at in range(20) if homes[at] != 2]
    assert {one.reason for one in done.rejected} == {Reason.misrouted}
    stray = done.rejected[0]
    wanted = f"floor '{floors[stray.record]}' belongs to partition {homes[stray.record]} of 4"
    assert stray.detail.startswith(wanted)


def test_an_event_of_a_record_without_a_time_stamp_was_seen_at_its_own_time() -> None:
    done = decode_objects([{**STATE, "ts": T_MS + 60_000}, STATE], [-1, T_MS + 7], Names())

    assert done.rejected == []
    assert done.batch.seen_ms.tolist() == [T_MS + 60_000, T_MS + 7]


def test_an_event_that_is_ahead_and_misrouted_is_refused_once() -> None:
    home = partition_of("main", 4)
    done = decode([orjson.dumps(STATE)], [T_MS - 6_000], Names(), Route((home + 1) % 4, 4))
    assert [one.reason for one in done.rejected] == [Reason.misrouted]


def test_refusals_come_in_the_order_of_records() -> None:
    values = [b"", orjson.dumps({**STATE, "ts": T_MS + 9_000}), b"7", orjson.dumps({"type": "x"})]
    done = decode(values, [T_MS] * 4, Names())
    assert [one.reason for one in done.rejected] == [
        Reason.empty, Reason.ahead, Reason.not_an_object, Reason.unknown_enum,
    ]  # fmt: skip


def test_what_is_misrouted_leaves_no_name_behind() -> None:
    names = Names()
    done = decode(
        [orjson.dumps(STATE)] * 3, None, names, Route((partition_of("main", 4) + 1) % 4, 4)
    )
    assert len(done.rejected) == 3
    assert [len(names.floors), len(names.seats), len(names.sources)] == [0, 0, 0]
