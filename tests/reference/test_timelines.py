"""Timelines by hand: a letter is a minute; a available, x aux, u unknown, o offline, T talking."""

import pytest

from stream.events.language import State
from stream.spec import LocalSpan, PoolSpec, ShiftSpec, SourceSpec, Spec
from tests.reference.cases import TEN, beats, in_order, state
from tests.reference.records import Event, Record, ranked
from tests.reference.rules import DAY, HOUR, MINUTE, NEVER, Member, Rules
from tests.reference.truth import Truth

STEADY = SourceSpec(heartbeat_ms=20_000)
"""A gap is more than a minute long."""
RULES = Rules(Spec(sources=(STEADY,), event_clock=True))
LETTERS = {State.available: "a", State.aux: "x", State.unknown: "u", State.offline: "o",
           State.talking: "T"}  # fmt: skip


def minute(number: float) -> int:
    return TEN + round(number * MINUTE)


def snapshot(ts: int, *agents: str, **more: str) -> Event:
    return {"type": "snapshot", "ts": ts, "agents": list(agents)} | more


def given(*events: Event, rules: Rules = RULES) -> Truth:
    truth = Truth(rules)
    truth.push(*(Record((event,), event["ts"], appended=True) for event in events))
    assert truth.admission.refused == []
    return truth


def drawn(truth: Truth, as_of: float, agent: str = "ann") -> str:
    """An agent's time from ten o'clock on, or from his first row."""
    out = ""
    for piece in truth.lines.pieces("main", agent, minute(as_of)):
        length, rest = divmod(piece.end - piece.start, MINUTE)
        assert not rest
        out += LETTERS[piece.state] * length
    return out


# aaaaXXXXX|  heartbeats at 0, 1, 2; silent since
def test_a_gap_begins_where_the_source_was_heard_of_last_and_ends_where_it_is_again() -> None:
    events = [state(TEN, "ann", "aux"), *beats(minute(0), minute(2), MINUTE)]
    truth = given(*events, *beats(minute(6), minute(7), MINUTE))
    assert drawn(truth, 8) == "xxuuuuxx"


def test_a_row_that_ends_a_gap_leaves_it_unknown() -> None:
    events = [state(TEN, "ann", "aux"), *beats(minute(0), minute(2), MINUTE)]
    truth = given(*events, state(minute(6), "ann", "available"))
    assert drawn(truth, 7) == "xxuuuua"
    assert len(list(truth.lines.begun("main", "ann"))) == 2


def test_the_same_state_after_a_gap_is_no_new_spell() -> None:
    events = [state(TEN, "ann", "aux"), *beats(minute(0), minute(2), MINUTE)]
    truth = given(*events, state(minute(6), "ann", "aux"))
    assert drawn(truth, 7) == "xxuuuux"
    assert [at for at, *_ in truth.lines.begun("main", "ann")] == [TEN]


def test_what_was_buffered_fills_its_gap_in_any_order_within_the_grace() -> None:
    events = [state(TEN, "ann", "aux"), *beats(minute(0), minute(2), MINUTE)]
    later = [*beats(minute(6), minute(7), MINUTE), *beats(minute(3), minute(5), MINUTE)]
    assert drawn(given(*events, *later, state(minute(4), "ann", "available")), 8) == "xxxxaaaa"


def test_three_heartbeats_to_the_millisecond_are_no_gap() -> None:
    events = [state(TEN, "ann", "aux"), *beats(minute(0), minute(1), MINUTE)]
    assert drawn(given(*events), 2) == "xx"
    assert given(*events).figures(minute(2)).heads["main", "t"][State.aux] == 1
    assert given(*events).figures(minute(2) + 1).heads["main", "t"][State.unknown] == 1


def test_before_its_first_heartbeat_a_source_has_no_gaps() -> None:
    events = [state(TEN, "ann", "available"), state(minute(9), "ann", "aux")]
    assert drawn(given(*events), 12) == "aaaaaaaaaxxx"
    assert drawn(given(*events, *beats(minute(12), minute(12))), 12) == "aaaaaaaaaxxx"


def test_offline_is_untouched_by_a_gap() -> None:
    events = [state(TEN, "ann", "offline"), *beats(minute(0), minute(1), MINUTE)]
    assert drawn(given(*events), 9) == "o" * 9


def test_a_gap_is_of_the_rows_of_its_source_whatever_closes_them() -> None:
    events = in_order(
        state(TEN, "ann", "available", source="a"),
        *beats(minute(0), minute(2), MINUTE, source="a"),
        *beats(minute(0), minute(8), MINUTE, source="b"),
        state(minute(6), "ann", "aux", source="b"),
    )
    assert drawn(given(*events), 8) == "aauuuuxx"
    assert drawn(given(*events, *beats(minute(9), minute(9), source="a")), 8) == "aauuuuxx"


def test_limits_run_on_in_a_gap() -> None:
    ringing = SourceSpec(heartbeat_ms=20_000, silence_ms={State.aux: 7 * MINUTE})
    rules = Rules(Spec(sources=(ringing,), event_clock=True))
    events = [state(TEN, "ann", "aux"), *beats(minute(0), minute(2), MINUTE)]
    truth = given(*events, *beats(minute(6), minute(10), MINUTE), rules=rules)
    assert drawn(truth, 10) == "xxuuuuxuuu"


def test_a_gap_is_offline_from_a_day_on() -> None:
    rules = Rules(Spec(sources=(SourceSpec(heartbeat_ms=20_000, silence_ms={}),)))
    truth = given(state(TEN, "ann", "aux"), *beats(minute(0), minute(0)), rules=rules)
    end = DAY // MINUTE
    assert drawn(truth, end + 2) == "u" * end + "oo"


def test_a_source_without_heartbeats_is_believed_for_a_day() -> None:
    rules = Rules(Spec(sources=(SourceSpec(silence_ms=None),), event_clock=True))
    truth = given(state(TEN, "ann", "aux"), rules=rules)
    end = DAY // MINUTE
    assert drawn(truth, end) == "x" * end
    assert drawn(truth, end + 3) == "x" * end + "ooo"


# -- snapshots


def test_a_snapshot_ends_the_states_of_those_it_does_not_name() -> None:
    events = [state(TEN, "ann", "aux"), state(TEN, "bob", "aux")]
    truth = given(*events, snapshot(minute(1), "bob"))
    assert drawn(truth, 3) == "xoo"
    assert drawn(truth, 3, "bob") == "xxx"
    assert drawn(given(*events, snapshot(minute(1), "bob"), state(minute(2), "ann", "aux")), 3) == (
        "xox"
    )


def test_a_snapshot_holds_for_agents_that_become_known_later() -> None:
    truth = given(
        state(TEN, "bob", "aux"), snapshot(minute(2), "bob"), state(minute(1), "ann", "aux")
    )
    assert drawn(truth, 4) == "xoo"


def test_a_snapshot_says_nothing_of_agents_of_another_source() -> None:
    truth = given(
        *beats(TEN, TEN, source="b"),
        state(TEN, "ann", "aux", source="a"),
        snapshot(minute(1), source="b"),
    )
    assert drawn(truth, 3) == "xxx"


def test_a_snapshot_yields_to_a_row_of_the_same_instant() -> None:
    events = [state(TEN, "ann", "aux"), snapshot(minute(1))]
    assert drawn(given(*events, state(minute(1), "ann", "available", sync=True)), 3) == "xaa"


def test_who_is_named_and_was_not_known_exists_from_then_on() -> None:
    rules = Rules(RULES.spec, (Member("cid", "blue"),))
    truth = given(state(TEN, "ann", "aux"), snapshot(minute(1), "ann", "cid"), rules=rules)
    assert drawn(truth, 3, "cid") == "uu"
    assert truth.figures(minute(2)).heads["main", "blue"][State.unknown] == 1
    assert not list(truth.lines.begun("main", "cid"))


def test_the_gap_before_a_snapshot_is_unknown_and_the_time_after_it_offline() -> None:
    events = [state(TEN, "ann", "aux"), *beats(minute(0), minute(2), MINUTE)]
    truth = given(*events, snapshot(minute(5), "bob"), *beats(minute(6), minute(6)))
    assert drawn(truth, 7) == "xxuuuoo"


# -- limits


NIGHT = (LocalSpan(22 * 60, 6 * 60),)
CREWS = (ShiftSpec((LocalSpan(8 * 60, 15 * 60), LocalSpan(15 * 60, 22 * 60))),)


@pytest.mark.parametrize(
    ("spec", "start", "limit"),
    [
        (Spec(), 0, 12),
        (Spec(shifts=CREWS), 0, 5.5),
        (Spec(shifts=CREWS), 4 - 1 / HOUR, 5.5),
        (Spec(shifts=CREWS), 4, 12.5),
        (Spec(pools=(PoolSpec(open=NIGHT),)), 12, 20.5),
        (Spec(pools=(PoolSpec(open=(LocalSpan(0, 1440),)),)), 0, 12),
        (Spec(shifts=CREWS, pools=(PoolSpec(open=NIGHT),)), 0, 5.5),
    ],
    ids=["no calendar", "shift", "just before its last hour", "in its last hour", "closing",
         "never closed", "shift before closing"],
)  # fmt: skip
def test_no_state_outlives_its_day(spec: Spec, start: float, limit: float) -> None:
    begin = TEN + round(start * HOUR)
    found = Rules(spec).limit("main", "t", "main", State.available, begin)
    assert found == (begin + 12 * HOUR if limit == 12 else TEN + round(limit * HOUR))


def test_offline_and_what_has_a_limit_of_its_own_have_no_end_of_day() -> None:
    rules = Rules(Spec(shifts=CREWS))
    assert rules.limit("main", "t", "main", State.offline, TEN) == NEVER
    assert rules.limit("main", "t", "main", State.aux, TEN) == TEN + HOUR
    silent = Rules(Spec(shifts=CREWS, sources=(SourceSpec(silence_ms=None),)))
    assert silent.limit("main", "t", "main", State.available, TEN) == NEVER


def test_beyond_its_limit_a_state_is_unknown_for_a_day_and_then_offline() -> None:
    rules = Rules(Spec(sources=(SourceSpec(silence_ms={State.aux: MINUTE}),)))
    day = DAY // MINUTE
    truth = given(state(TEN, "ann", "aux"), state(minute(day + 4), "bob", "available"), rules=rules)
    assert drawn(truth, day + 3) == "x" + "u" * day + "oo"


def test_a_row_keeps_the_limit_and_the_team_of_the_rules_by_which_it_came() -> None:
    old = Rules(Spec(sources=(SourceSpec(silence_ms={State.aux: 2 * MINUTE}),)))
    new = Rules(Spec(sources=(SourceSpec(silence_ms={State.aux: 4 * MINUTE}),)),
                (Member("bob", "red"),))  # fmt: skip
    bob = {key: value for key, value in state(TEN, "bob", "aux").items() if key != "team"}
    truth = given(state(TEN, "ann", "aux"), bob, rules=old)
    truth.change(new)
    truth.push(Record((state(TEN, "ann", "aux"),)), Record((state(minute(5), "ann", "aux"),)))
    assert drawn(truth, 10) == "xxuuuxxxxu"
    assert truth.lines.teams("main") == {"t", "unassigned"}


# -- equal times


def test_rows_of_one_record_and_time_keep_their_order_and_equal_ones_are_one() -> None:
    one = [state(TEN, "ann", name) for name in ("acw", "available", "acw")]
    assert [event["seq"] for event in ranked(one)] == [0, 1, 0]
    other = [state(TEN, "bob", "aux"), state(TEN, "ann", "aux", seq=7)]
    assert [event["seq"] for event in ranked([*one, *other])] == [0, 1, 0, 0, 7]


def test_an_agent_of_whom_nothing_is_heard_for_35_days_is_forgotten_at_a_seal() -> None:
    rules = Rules(RULES.spec, (Member("cid", "blue"),))
    events = [state(TEN, who, "available") for who in ("ann", "bob", "cid")]
    events += [state(TEN + 30 * DAY, "bob", "available"), *beats(TEN + 35 * DAY, TEN + 35 * DAY)]
    truth = given(*events, rules=rules)
    assert truth.lines.agents("main") == ["ann", "bob", "cid"]
    truth.push(Record(tuple(beats(TEN + 36 * DAY, TEN + 36 * DAY)), appended=True))
    assert truth.lines.agents("main") == ["bob", "cid"]
