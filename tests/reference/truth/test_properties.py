"""The reference alone, on drawn histories. FLOORWATCH_HISTORIES says how many (20 here)."""

import os
from collections import Counter

import pytest

from tests.reference.truth import kinds, properties
from tests.reference.truth.histories import history_of
from tests.reference.truth.kinds import KINDS, fed

SEEDS = [f"truth {number}" for number in range(int(os.environ.get("FLOORWATCH_HISTORIES") or 20))]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_agents_states_add_up_to_the_length_of_the_window(seed: str) -> None:
    properties.check_accounts(history_of(seed))


@pytest.mark.parametrize("seed", SEEDS)
def test_events_one_by_one_are_the_same_as_in_records(seed: str) -> None:
    properties.check_records(history_of(seed))


def test_what_is_refused_as_a_jump_changes_no_figure() -> None:
    assert sum(properties.check_harmless(history_of(seed)) for seed in SEEDS) >= len(SEEDS) // 10


def test_no_admissible_order_and_no_repetition_changes_a_figure() -> None:
    assert sum(properties.check_converges(history_of(seed)) for seed in SEEDS) >= len(SEEDS) // 10


def test_what_was_buffered_and_comes_in_time_counts_as_if_it_had_come_at_once() -> None:
    assert sum(properties.check_buffered(history_of(seed)) for seed in SEEDS) >= len(SEEDS) // 10


def test_drawn_histories_show_every_kind() -> None:
    seen: Counter[str] = Counter()
    for seed in SEEDS:
        history = history_of(seed)
        truth = fed(history)
        kinds.count(history, truth)
        seen.update(set(kinds.kinds(history, truth)))
    if len(SEEDS) >= 100:
        assert [kind for kind in KINDS if seen[kind] < 2] == []


def test_a_seed_gives_the_same_history_again() -> None:
    assert history_of("once") == history_of("once")
    assert repr(history_of("once")) == repr(history_of("once"))
    assert history_of("once") != history_of("twice")
