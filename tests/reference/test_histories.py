from collections import Counter

from tests.reference.histories import history_of
from tests.reference.labels import CASES, cases
from tests.reference.minimal import smallest


def test_a_hundred_histories_show_every_awkward_case() -> None:
    seen: Counter[str] = Counter()
    for seed in range(100):
        seen.update(cases(history_of(f"seed {seed}")))
    assert [case for case in CASES if seen[case] < 2] == []


def test_a_seed_gives_the_same_history_again() -> None:
    assert history_of("once") == history_of("once")
    assert repr(history_of("once")) == repr(history_of("once"))
    assert history_of("once") != history_of("twice")


def test_records_hold_all_events_and_their_times_never_go_back() -> None:
    history = history_of("records")
    assert sum(history.records) == len(history.events) == len(history.times_ms)
    assert len(history.values) == len(history.record_times) == len(history.records)
    assert list(history.times_ms) == sorted(history.times_ms)


def test_a_failing_history_is_made_as_small_as_its_failure_allows() -> None:
    history = history_of("large")
    agents = {event["agent"] for event in history.events if event["type"] == "state"}
    some = sorted(agents)[:2]
    small = smallest(history, lambda one: all(_speaks(one.events, agent) for agent in some))
    assert len(small.events) == len(some)


def _speaks(events: object, agent: str) -> bool:
    assert isinstance(events, tuple)
    return any(event.get("agent") == agent and event["type"] == "state" for event in events)
