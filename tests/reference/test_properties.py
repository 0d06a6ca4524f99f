"""The reference alone, on drawn histories; a fifth of FLOORWATCH_HISTORIES."""

from collections import Counter
from random import Random

import pytest

from tests.reference import days, kinds, properties
from tests.reference.histories import HISTORIES, drawn, history_of
from tests.reference.kinds import KINDS, fed
from tests.reference.minimal import smallest

SEEDS = drawn("truth", max(20, HISTORIES // 5))
SHOWN_MOST = 1_000
"""Within so many histories each kind must show twice."""


@pytest.mark.parametrize("seed", SEEDS)
def test_the_references_states_add_up_to_the_length_of_the_window(seed: str) -> None:
    properties.check_accounts(history_of(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_events_one_by_one_are_the_same_as_in_records(seed: str) -> None:
    properties.check_records(history_of(seed))


def test_what_is_refused_as_a_jump_changes_no_figure() -> None:
    assert sum(properties.check_harmless(history_of(seed)) for seed in SEEDS) >= len(SEEDS) // 10


def test_no_admissible_order_and_no_repetition_changes_a_figure() -> None:
    assert sum(properties.check_converges(history_of(seed)) for seed in SEEDS) >= len(SEEDS) // 10


def test_what_was_buffered_and_comes_in_time_counts_as_if_it_had_come_at_once() -> None:
    at_work = [days.days_of(Random(seed), seed) for seed in SEEDS]  # feeds are buffered there
    assert sum(map(properties.check_buffered, at_work)) >= len(SEEDS) // 10


def test_drawn_histories_show_every_kind() -> None:
    missing = Counter(dict.fromkeys(KINDS, 2))
    for seed in drawn("contract", SHOWN_MOST):
        history = history_of(seed)
        missing -= Counter(set(kinds.kinds(history, fed(history))))
        if not missing:
            return
    pytest.fail(f"too few histories have {sorted(missing)}")


def test_a_seed_gives_the_same_history_again() -> None:
    assert history_of("once") == history_of("once")
    assert repr(history_of("once")) == repr(history_of("once"))
    assert history_of("once") != history_of("twice")


def test_a_failing_history_is_made_as_small_as_its_failure_allows() -> None:
    history = history_of("large")
    some = sorted({event["agent"] for event in history.events if event["type"] == "state"})[:2]
    small = smallest(history, lambda one: {event.get("agent") for event in one.events} >= {*some})
    assert len(small.events) == len(some)
