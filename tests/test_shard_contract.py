"""The contract of the shard: batches, restarts and the rhythm of steps change nothing."""

from hypothesis import given, settings

from tests.reference import properties
from tests.reference.histories import HISTORIES, SEEDED, histories
from tests.reference.history import History
from tests.reference.minimal import tried
from tests.reference.stories import stories


@SEEDED
@given(histories())
def test_one_by_one_or_in_batches_gives_the_same_figures_and_late_events(history: History) -> None:
    tried(properties.check_batches, history)


@SEEDED
@given(histories())
def test_a_restored_shard_goes_on_as_if_it_had_never_stopped(history: History) -> None:
    tried(properties.check_restores, history)


def test_control_goes_on_after_a_restore_as_if_it_had_never_stopped() -> None:
    seen = []

    @SEEDED
    @given(stories())
    def each(history: History) -> None:
        seen.append(tried(properties.check_restores_behind, history))

    each()
    assert sum(map(bool, seen)) > len(seen) / 8, "too few of the stories raised anything"


def test_control_says_the_same_in_any_batches() -> None:
    seen = []

    @SEEDED
    @given(stories())
    def each(history: History) -> None:
        seen.append(tried(properties.check_transitions_of_batches, history))

    each()
    assert sum(map(bool, seen)) > len(seen) / 4, "too few of the stories raised anything"


def test_a_step_every_second_finds_what_events_and_deadlines_find() -> None:
    seen = []

    @settings(SEEDED, max_examples=max(10, HISTORIES // 10))
    @given(stories())
    def each(history: History) -> None:
        seen.append(tried(properties.check_slow_twin, history))

    each()
    assert sum(map(bool, seen)) > len(seen) / 4, "too few of the stories raised anything"
