"""The contract of the shard: batches, restarts and the rhythm of steps change nothing."""

from tests.reference import engine_properties, rhythm
from tests.reference.histories import HISTORIES, drawn, history_of
from tests.reference.minimal import tried
from tests.reference.stories import story_of


def test_one_by_one_or_in_batches_gives_the_same_figures_and_late_events() -> None:
    for seed in drawn("shard"):
        tried(engine_properties.check_batches, history_of(seed))


def test_a_restored_shard_goes_on_as_if_it_had_never_stopped() -> None:
    for seed in drawn("shard"):
        tried(engine_properties.check_restores, history_of(seed))


def test_a_shard_restored_in_a_backlog_goes_on_as_if_it_had_never_stopped() -> None:
    for seed in drawn("backlog", max(10, HISTORIES // 2)):
        tried(engine_properties.check_restores_behind, history_of(seed))


def test_control_goes_on_after_a_restore_as_if_it_had_never_stopped() -> None:
    seeds = drawn("story")
    seen = [tried(engine_properties.check_restores_behind, story_of(seed)) for seed in seeds]
    assert sum(map(bool, seen)) > len(seen) / 8, "too few of the stories raised anything"


def test_control_says_the_same_in_any_batches() -> None:
    seeds = drawn("story", max(10, HISTORIES // 4))
    seen = [tried(rhythm.check_transitions_of_batches, story_of(seed)) for seed in seeds]
    assert sum(map(bool, seen)) > len(seen) / 8, "too few of the stories raised anything"


def test_a_step_every_second_finds_what_events_and_deadlines_find() -> None:
    seeds = drawn("story", max(10, HISTORIES // 10))
    seen = [tried(rhythm.check_slow_twin, story_of(seed)) for seed in seeds]
    assert sum(map(bool, seen)) > len(seen) / 4, "too few of the stories raised anything"
