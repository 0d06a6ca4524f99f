"""Queues by hand: seconds after ten o'clock; heartbeats each 30 s."""

from typing import Any

import pytest

from stream.spec import SourceSpec, Spec
from tests.reference.cases import TEN, beats, call, in_order, state
from tests.reference.queues import Queue
from tests.reference.records import Event, Record
from tests.reference.rules import DAY, HOUR, MINUTE, SECOND, Member, Rules
from tests.reference.truth import Truth

RULES = Rules(Spec(event_clock=True), (Member("ann", "blue", "main"), Member("bob", "red", "help")))


def second(number: float) -> int:
    return TEN + round(number * SECOND)


def ringing(number: float, agent: str, **more: Any) -> Event:
    return {
        **state(second(number), agent, "ringing"),
        "team": {"ann": "blue"}.get(agent, "red"),
    } | more


def gauge(number: float, waiting: int, **more: Any) -> Event:
    return {"type": "queue", "ts": second(number), "waiting": waiting} | more


def queue(
    *events: Event, at: float, rules: Rules = RULES, pool: str = "main", beating: bool = True
) -> Queue:
    """The queue of a pool; its source lives on until then."""
    alive = beats(TEN, second(at) // SECOND * SECOND) if beating else []
    truth = Truth(rules)
    truth.push(*(Record((event,), appended=True) for event in in_order(*events, *alive)))
    assert truth.admission.refused == []
    return truth.figures(second(at)).queues["main", pool]


TWO = (call(second(0), "c1", "offered"), call(second(5), "c2", "offered"))


def test_the_oldest_waiting_call_gives_the_wait() -> None:
    assert queue(*TWO, at=60) == Queue(2, 60_000, 0)


def test_a_call_that_rings_at_an_agent_does_not_wait() -> None:
    assert queue(*TWO, ringing(10, "ann", call="c1"), at=60) == Queue(1, 55_000, 1)


def test_without_its_call_a_phone_takes_the_longest_waiting_call_of_its_pool() -> None:
    assert queue(*TWO, ringing(10, "ann"), at=60) == Queue(1, 55_000, 1)
    assert queue(*TWO, ringing(10, "bob"), at=60) == Queue(2, 60_000, 0)


def test_where_all_phones_ring_at_once_they_take_only_the_calls_that_they_name() -> None:
    rules = Rules(RULES.spec, RULES.roster, frozenset({"main"}))
    assert queue(*TWO, ringing(10, "ann"), at=60, rules=rules) == Queue(2, 60_000, 0)
    assert queue(*TWO, ringing(10, "ann", call="c2"), at=60, rules=rules) == Queue(1, 60_000, 1)


def test_two_phones_that_ring_for_one_call_take_one() -> None:
    events = [ringing(10, "ann", call="c1"), ringing(10, "bob", call="c1")]
    assert queue(*TWO, *events, at=60) == Queue(1, 55_000, 1)


def test_a_phone_that_rings_longer_than_is_credible_takes_nothing() -> None:
    assert queue(*TWO, ringing(10, "ann"), at=189) == Queue(1, 184_000, 1)
    assert queue(*TWO, ringing(10, "ann"), at=190) == Queue(2, 190_000, 0)


@pytest.mark.parametrize(("at", "waiting"), [(99.999, 3), (100, None)])
def test_a_gauge_holds_for_three_heartbeats(at: float, waiting: int | None) -> None:
    assert queue(gauge(10, 3), at=at).waiting == waiting


def test_a_gauge_is_taken_as_it_is_told_and_calls_follow_when_it_is_over() -> None:
    told = queue(*TWO, ringing(10, "ann"), gauge(20, 7, oldest_wait_s=4), at=60)
    assert told == Queue(7, 44_000, 1)
    assert queue(*TWO, gauge(20, 7), at=110) == Queue(2, 110_000, 0)


def test_of_gauges_at_one_time_the_least_counts() -> None:
    assert queue(gauge(10, 7), gauge(10, 3), at=20).waiting == 3


def test_what_waits_at_a_silent_source_nobody_knows() -> None:
    assert queue(*TWO, *beats(TEN, TEN), at=95, beating=False) == Queue(2, 95_000, 0)
    assert queue(*TWO, *beats(TEN, TEN), at=95.001, beating=False) == Queue(None, None, 0)


def test_a_call_that_waited_when_its_feed_was_lost_waits_no_longer() -> None:
    lost = [*TWO, *beats(TEN, second(30)), *beats(second(300), second(330))]
    assert queue(*lost, at=331, beating=False) == Queue(0, 0, 0)
    ended = call(second(320), "c1", "abandoned")
    assert queue(*lost, ended, at=310, beating=False) == Queue(1, 310_000, 0)


def test_a_wait_is_believed_for_four_hours() -> None:
    rules = Rules(Spec(sources=(SourceSpec(heartbeat_ms=None),), event_clock=True))
    last = [*TWO[:1], call(TEN + 4 * HOUR - 1, "c2", "abandoned")]
    assert queue(*last, at=14_399.999, rules=rules, beating=False).waiting == 1
    assert queue(*last, at=14_400, rules=rules, beating=False).waiting == 0


def test_call_backs_are_open_overdue_and_done() -> None:
    rules = Rules(Spec(sources=(SourceSpec(heartbeat_ms=None),), event_clock=True))
    truth = Truth(rules)
    asked = [call(TEN + n * MINUTE, f"c{n}", "callback_requested") for n in range(3)]
    done = call(TEN + HOUR, "c0", "callback_done")
    truth.push(*(Record((event,)) for event in [*asked, done]))
    found = [truth.figures(TEN + at).callbacks["main", "main"]
             for at in (2 * MINUTE, HOUR, HOUR + MINUTE + 1, 7 * DAY + MINUTE)]  # fmt: skip
    assert [(one.open, one.overdue) for one in found] == [(3, 0), (2, 0), (2, 1), (1, 1)]
