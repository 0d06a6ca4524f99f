"""Calls walked by hand. Times are seconds after ten o'clock."""

from typing import Any

import pytest

from stream.events.language import Phase
from stream.spec import SourceSpec, Spec
from tests.reference.facts import Facts
from tests.reference.marks import Arrival
from tests.reference.rules import Member, Rules
from tests.reference.stays import times
from tests.reference.walk import Walk

TEN = 1_772_445_600_000
RULES = Rules(roster=(Member("ann", "sales-team", "sales"), Member("bob", "help-team", "help")))


def walked(*facts: tuple[Any, ...], rules: Rules = RULES) -> Walk:
    """A call of (second, phase, agent or "", more fields)."""
    known = Facts()
    for second, phase, agent, more in facts:
        event = {"type": "call", "call": "c", "phase": phase, "ts": TEN + round(second * 1000)}
        event |= {"agent": agent} if agent else {}
        known.add(rules, Arrival((0, 0), event | more, None, False))
    return Walk(rules, known.of["main", "c"])


def endings(walk: Walk) -> list[tuple[str, str, int | None]]:
    return [(one.phase.name, one.pool, one.wait) for one in walk.endings]


def legs(walk: Walk) -> list[tuple[str, float | None, tuple[int | None, int, int] | None]]:
    """Agent, second of the end, and talk, hold and after-call work."""
    return [
        (leg.agent.decode(), None, None)
        if leg.end is None
        else (leg.agent.decode(), (leg.end - TEN) / 1000, times(RULES, leg))
        for leg in walk.legs
    ]


def test_a_call_that_is_answered_in_its_queue_has_one_entry_and_one_leg() -> None:
    walk = walked((0, "offered", "", {"pool": "sales"}), (5, "answered", "ann", {}),
                  (65, "ended", "ann", {}), (70, "wrapped", "ann", {"acw_s": 5}))  # fmt: skip
    assert endings(walk) == [("answered", "sales", 5_000)]
    assert legs(walk) == [("ann", 65, (60_000, 0, 5_000))]
    assert walk.odd.total() == 0


def test_a_call_that_is_offered_again_waits_in_the_second_queue_from_then_on() -> None:
    walk = walked((10, "offered", "", {"pool": "sales"}),
                  (15, "answered", "ann", {"pool": "sales", "wait_s": 5}),
                  (60, "ended", "ann", {"talk_s": 45}), (60, "offered", "", {"pool": "help"}),
                  (190, "answered", "bob", {"pool": "help"}),
                  (310, "ended", "bob", {}))  # fmt: skip
    assert endings(walk) == [("answered", "sales", 5_000), ("answered", "help", 130_000)]
    assert [(one.pool, one.start - TEN) for one in walk.entries] == [
        ("sales", 10_000), ("help", 60_000)]  # fmt: skip
    assert legs(walk) == [("ann", 60, (45_000, 0, 0)), ("bob", 310, (120_000, 0, 0))]


def test_a_call_that_comes_back_to_an_agent_is_a_leg_of_its_own() -> None:
    walk = walked((10, "offered", "", {}), (15, "answered", "ann", {}), (75, "ended", "ann", {}),
                  (75, "answered", "bob", {}), (135, "ended", "bob", {}),
                  (135, "answered", "ann", {}), (375, "ended", "ann", {}))  # fmt: skip
    assert [spent[0] for _, _, spent in legs(walk) if spent] == [60_000, 60_000, 240_000]
    assert endings(walk) == [("answered", "main", 5_000)]


def test_a_transfer_ends_the_leg_of_whom_no_end_is_told() -> None:
    walk = walked((0, "answered", "ann", {}), (60, "answered", "bob", {}), (90, "ended", "bob", {}))
    assert legs(walk) == [("ann", 60, (60_000, 0, 0)), ("bob", 90, (30_000, 0, 0))]


def test_a_call_that_is_offered_again_has_left_its_agent() -> None:
    walk = walked((0, "answered", "ann", {}), (60, "offered", "", {"pool": "help"}))
    assert legs(walk) == [("ann", 60, (60_000, 0, 0))]


def test_an_end_that_is_told_after_the_transfer_belongs_to_the_leg_that_was_left() -> None:
    walk = walked((0, "answered", "ann", {}), (60, "offered", "", {"pool": "help"}),
                  (61, "ended", "ann", {}))  # fmt: skip
    assert legs(walk) == [("ann", 61, (61_000, 0, 0))]
    assert walk.entries[0].end is None


def test_a_resend_with_a_slightly_different_time_is_the_same_fact() -> None:
    facts = [(0, "offered", "", {}), (1.5, "offered", "", {}), (10, "answered", "ann", {}),
             (12, "answered", "ann", {}), (60, "ended", "ann", {}),
             (61.9, "ended", "ann", {"talk_s": 52})]  # fmt: skip
    walk = walked(*facts)
    assert endings(walk) == [("answered", "main", 10_000)]
    assert legs(walk) == [("ann", 60, (50_000, 0, 0))]
    assert walk.odd == {"repeat": 3}


def test_what_is_offered_again_later_than_the_tolerance_begins_anew() -> None:
    first: list[tuple[Any, ...]] = [(0, "offered", "", {}), (1, "abandoned", "", {})]
    assert len(walked(*first, (2, "offered", "", {})).entries) == 1
    assert len(walked(*first, (2.001, "offered", "", {})).entries) == 2
    coarse = Rules(Spec(sources=(SourceSpec(resolution_ms=2_000),)))
    assert len(walked(*first, (4, "offered", "", {}), rules=coarse).entries) == 1


def test_an_id_that_comes_again_is_another_call() -> None:
    one = [(0, "offered", "", {}), (10, "answered", "ann", {}), (100, "ended", "ann", {}),
           (110, "wrapped", "ann", {"acw_s": 10})]  # fmt: skip
    again = [(second + 2_400, *rest) for second, *rest in one]
    walk = walked(*one, *again)
    assert endings(walk) == [("answered", "main", 10_000)] * 2
    assert [spent for _, _, spent in legs(walk)] == [(90_000, 0, 10_000)] * 2


def test_a_missing_pool_is_that_of_the_entry_else_that_of_the_team() -> None:
    walk = walked((0, "offered", "", {"pool": "x"}), (5, "answered", "ann", {}))
    assert walk.endings[0].pool == "x"
    assert walked((5, "answered", "ann", {})).endings[0].pool == "sales"
    walk = walked((0, "offered", "", {"pool": "x"}), (30, "abandoned", "", {}))
    assert endings(walk) == [("abandoned", "x", 30_000)]


def test_who_is_promised_a_call_back_waits_no_longer_and_has_not_abandoned() -> None:
    walk = walked((10, "offered", "", {}), (40, "callback_requested", "", {}),
                  (41, "abandoned", "", {}), (900, "callback_done", "", {}))  # fmt: skip
    assert endings(walk) == [
        ("callback_requested", "main", 30_000),
        ("callback_done", "main", None),
    ]
    assert walk.entries[0].end == TEN + 40_000
    assert [one.done for one in walk.promises] == [TEN + 900_000]
    assert walk.odd == {"nothing_to_close": 1}


@pytest.mark.parametrize(
    ("answered", "ended", "spent"),
    [
        (0, {"hold_s": 60}, (240_000, 60_000, 0)),
        (0, {"talk_s": 300, "hold_s": 60}, (240_000, 60_000, 0)),
        (0, {"talk_s": 242, "hold_s": 60}, (242_000, 60_000, 0)),
        (0, {"talk_s": 240}, (240_000, 0, 0)),
        (0, {"hold_s": 400}, (0, 400_000, 0)),
        (None, {"hold_s": 60}, (None, 60_000, 0)),
    ],
    ids=["derived", "hold in it", "within tolerance", "told", "long hold", "no beginning"],
)
def test_talk_and_hold_never_overlap(
    answered: int | None, ended: dict[str, Any], spent: tuple[int | None, int, int]
) -> None:
    facts: list[tuple[Any, ...]] = [] if answered is None else [(answered, "answered", "ann", {})]
    assert legs(walked(*facts, (300, "ended", "ann", ended))) == [("ann", 300, spent)]


def test_a_caller_who_hangs_up_in_the_queue_is_gone() -> None:
    walk = walked((0, "offered", "", {}), (30, "ended", "", {"by": "customer"}))
    assert walk.entries[0].end == TEN + 30_000
    assert walk.legs == []


def test_an_end_before_its_answer_and_two_answers_at_one_instant_are_counted_as_odd() -> None:
    assert walked((10, "ended", "ann", {"talk_s": 5}), (20, "answered", "ann", {})).odd == {
        "no_beginning": 1}  # fmt: skip
    walk = walked((10, "answered", "ann", {}), (10, "answered", "bob", {}))
    assert walk.odd["two_answers"] == 1
    assert [leg.end for leg in walk.legs] == [TEN + 10_000, None]


def test_an_end_after_the_call_was_long_over_is_one_without_beginning() -> None:
    once: list[tuple[Any, ...]] = [(0, "answered", "ann", {}), (60, "ended", "ann", {})]
    assert walked(*once, (7_260, "ended", "ann", {})).odd == {"repeat": 1}
    late = walked(*once, (7_260.001, "ended", "ann", {"talk_s": 9}))
    assert legs(late)[1] == ("ann", 7_260.001, (9_000, 0, 0))


def test_after_call_work_without_an_agent_belongs_to_the_leg_that_ended_last() -> None:
    walk = walked((0, "answered", "ann", {}), (60, "answered", "bob", {}), (90, "ended", "bob", {}),
                  (90, "ended", "ann", {}), (95, "wrapped", "", {"acw_s": 5}))  # fmt: skip
    assert [spent for _, _, spent in legs(walk)] == [(90_000, 0, 0), (30_000, 0, 5_000)]


def test_phases_have_the_order_of_the_language() -> None:
    assert [phase.name for phase in sorted(Phase)][:4] == [
        "offered", "answered", "ended", "wrapped"]  # fmt: skip
