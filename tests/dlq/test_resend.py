"""Which events of a dead letter are sent again, and where to."""

from typing import Any

import orjson
import pytest

from stream.dlq.dead_letters import Origin, make_dead_letters
from stream.dlq.reader import DeadLetterRecord
from stream.dlq.resend import NotResendable, ResendRecord, resend_records
from stream.dlq.retry import Selection
from stream.events.decode import decode
from stream.events.language import Reason, Rejected
from stream.events.names import Names
from stream.events.partition import Route, partition_of
from stream.units import MINUTE_MS
from stream.windows.lateness import LateMasks

NOW_MS = 1_772_445_600_000
PARTITIONS = 4
TOPIC = "floor-events"
HERE = 1
"""The partition of the source records."""
AT_HOME, *STRAYS = sorted(
    (f"floor-{number}" for number in range(40)),
    key=lambda floor: partition_of(floor, PARTITIONS) != HERE,
)
FIRST, SECOND = (
    next(floor for floor in STRAYS if partition_of(floor, PARTITIONS) == partition)
    for partition in (2, 3)
)


def event(floor: str = AT_HOME, **more: Any) -> dict[str, Any]:
    fields = {"type": "state", "ts": NOW_MS, "floor": floor, "agent": "a-1", "state": "aux"}
    return {**fields, **more}


def letter(value: bytes | None, reason: Reason, events: int = 1, **more: Any) -> DeadLetterRecord:
    fields = {
        "key": b"k",
        "reason": str(reason),
        "detail": "",
        "events": events,
        "topic": TOPIC,
        "partition": HERE,
        "offset": 7,
        "size": len(value or b""),
        "is_cut": False,
        "value": value,
        "time_ms": NOW_MS,
        "at": 0,
    }
    return DeadLetterRecord(**{**fields, **more})


def sent(one: DeadLetterRecord, now_ms: int = NOW_MS) -> list[ResendRecord]:
    return resend_records(one, TOPIC, PARTITIONS, now_ms)


def why_not(one: DeadLetterRecord, now_ms: int = NOW_MS) -> tuple[str, str]:
    with pytest.raises(NotResendable) as error:
        sent(one, now_ms)
    return error.value.why, error.value.detail


def documents_of(record: ResendRecord) -> Any:
    return orjson.loads(record.value)


def test_a_misrouted_event_goes_home_with_all_its_bytes() -> None:
    value = orjson.dumps(event(FIRST, note="kept"))

    assert sent(letter(value, Reason.misrouted)) == [
        ResendRecord(2, FIRST.encode(), value, 1, NOW_MS)
    ]


def test_a_misrouted_array_goes_as_one_record_a_partition_and_without_what_was_in_its_place() -> (
    None
):
    value = orjson.dumps(
        [event(SECOND, ts=NOW_MS - 5), event(), event(FIRST), event(SECOND, agent="a-2")]
    )
    first, second = sent(letter(value, Reason.misrouted, 3))

    assert (first.partition, second.partition) == (2, 3)
    assert [one["floor"] for one in documents_of(first)] == [FIRST]
    assert [one["floor"] for one in documents_of(second)] == [SECOND, SECOND]
    assert (second.key, second.events, second.oldest_ms) == (SECOND.encode(), 2, NOW_MS - 5)


def test_a_misrouted_record_of_another_topic_goes_where_its_floors_belong_now() -> None:
    value = orjson.dumps([event(), event(FIRST)])

    records = sent(letter(value, Reason.misrouted, 1, topic="earlier-events"))

    assert [record.partition for record in records] == [HERE, 2]


@pytest.mark.parametrize("reason", [Reason.unknown_enum, Reason.missing_field, Reason.bad_id])
def test_an_event_that_can_be_read_by_now_is_sent(reason: Reason) -> None:
    value = orjson.dumps(event())

    assert sent(letter(value, reason)) == [ResendRecord(HERE, AT_HOME.encode(), value, 1, NOW_MS)]


def test_an_array_of_which_as_many_are_refused_as_before_is_not_sent() -> None:
    value = orjson.dumps([event(), event(state="dancing")])

    why, detail = why_not(letter(value, Reason.unknown_enum))

    assert why == "rejected again"
    assert detail.startswith("state 'dancing'; allowed: available")


def test_an_array_of_which_fewer_are_refused_goes_without_these() -> None:
    value = orjson.dumps([event(agent="a"), event(state="dancing"), event(agent="b")])

    (record,) = sent(letter(value, Reason.unknown_enum, 2))

    assert [one["agent"] for one in documents_of(record)] == ["a", "b"]


def test_an_event_that_was_ahead_is_sent_once_its_time_has_come() -> None:
    one = letter(orjson.dumps(event(ts=NOW_MS + MINUTE_MS)), Reason.ahead)

    assert why_not(one)[0] == "rejected again"
    assert len(sent(one, NOW_MS + MINUTE_MS)) == 1


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        (None, Reason.empty, "the record has no value"),
        (b"[]", Reason.empty, "the record is an empty array"),
        (b"{", Reason.broken_json, "unexpected end of data"),
        (b"17", Reason.not_an_object, "an event is a JSON object, this is 17"),
    ],
)
def test_what_holds_no_event_is_not_sent(value: bytes | None, reason: Reason, detail: str) -> None:
    why, text = why_not(letter(value, reason))

    assert why == "rejected again"
    assert detail in text


def test_a_truncated_dead_letter_is_not_sent() -> None:
    one = letter(b'{"type"', Reason.too_large, is_cut=True, size=5_000_000)

    assert why_not(one) == ("cut", "65536 of its 5000000 bytes are in the dead letter")


def test_what_is_sent_again_is_accepted_where_it_goes() -> None:
    """Goal: nothing that is sent comes back. Method: records of which some events are refused, each
    letter as the worker writes it; the records that it becomes are decoded where they go.
    """
    values = [
        orjson.dumps(event(FIRST)),
        orjson.dumps([event(), event(FIRST), event(SECOND), event(state="dancing")]),
        orjson.dumps([event(SECOND), event(agent=7)]),
    ]
    decoded = decode(values, [NOW_MS] * 3, Names(), Route(HERE, PARTITIONS))
    letters = make_dead_letters(Origin(TOPIC, HERE), values, range(3), decoded.rejected, [])
    events = 0
    for one in letters:
        if one.reason == Reason.misrouted:
            for record in sent(letter(one.value, one.reason, one.events)):
                route = Route(record.partition, PARTITIONS)
                again_decoded = decode([record.value], [NOW_MS], Names(), route)
                assert again_decoded.rejected == []
                assert len(again_decoded.batch) == record.events
                events += record.events

    misrouted: list[Rejected] = [r for r in decoded.rejected if r.reason == Reason.misrouted]
    assert events == len(misrouted) == 4


@pytest.mark.parametrize("why", LateMasks.__slots__)
def test_whatever_came_too_late_is_sent_again_only_if_it_is_asked_for_by_name(why: str) -> None:
    reason = Reason[f"late_{why}"]
    late = DeadLetterRecord(
        b"k", reason, "", 1, TOPIC, HERE, 7, 2, is_cut=False, value=b"{}", time_ms=0, at=0
    )
    assert Selection().is_late(late)
    assert not Selection(reasons={reason}).is_late(late)
