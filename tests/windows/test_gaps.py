"""Gaps of sources: where nothing is dated, whatever the order in which events come."""

from itertools import pairwise
from random import Random

import numpy as np
import pytest

from stream.units import DAY_MS, NEVER_MS
from stream.windows.gaps import SourceTimes

Event = tuple[int, int, int, bool]
"""Source, time, for how long before it vouches, whether it is a heartbeat."""
Found = list[tuple[int, int, int]]
"""(source, start, end)"""
SOURCES = 3
NO_CUT = np.full(SOURCES, -NEVER_MS)


def slow(events: list[Event]) -> Found:
    """All times are kept, and each pair of neighbours is looked at."""
    found: Found = []
    for source in range(SOURCES):
        mine = [one for one in events if one[0] == source]
        beats = [ts for _, ts, _, beat in mine if beat]
        for x, y in pairwise(sorted({ts for _, ts, _, _ in mine})):
            vouched_from = min(ts - back for _, ts, back, _ in mine if ts >= y)
            if beats and x >= min(beats) and vouched_from > x:
                found.append((source, x, y))
    return found


def fed(batches: list[list[Event]], times: SourceTimes | None = None) -> SourceTimes:
    times = times or SourceTimes()
    for batch in batches:
        backs = {back for *_, back, _ in batch}
        for back in backs:
            some = [one for one in batch if one[2] == back]
            source, ts_ms, _, beat = (np.array(values) for values in zip(*some, strict=True))
            times.add_heartbeats(source[beat], ts_ms[beat])
            times.add(source, ts_ms, np.full(SOURCES, back), NO_CUT)
    return times


def gaps(times: SourceTimes) -> Found:
    never = np.zeros(SOURCES, np.bool_)
    found = times.gaps(never, np.full(SOURCES, -NEVER_MS))
    return [row[:3] for row in sorted(found.rows())]


def beat(ts: int, source: int = 0, back: int = 90) -> Event:
    return source, ts, back, True


def row(ts: int, source: int = 0, back: int = 90) -> Event:
    return source, ts, back, False


def drawn(random: Random, *, backs: tuple[int, ...] = (90,)) -> list[Event]:
    size = random.randint(1, 25)
    return [
        (
            random.randrange(SOURCES),
            random.randint(0, 40) * 30 + random.choice([0, 0, 1]),
            random.choice(backs),
            random.random() < 0.4,
        )
        for _ in range(size)
    ]


def cut(events: list[Event], random: Random) -> list[list[Event]]:
    edges = sorted(random.sample(range(len(events) + 1), min(3, len(events) + 1)))
    bounds = pairwise([0, *edges, len(events)])
    return [part for first, end in bounds if (part := events[first:end])]


def test_a_gap_is_longer_than_three_heartbeats_and_lies_between_two_events() -> None:
    assert gaps(fed([[beat(0), beat(90), row(181), row(200)]])) == [(0, 90, 181)]


def test_before_the_first_heartbeat_nothing_is_a_gap() -> None:
    assert gaps(fed([[row(0), row(200), row(400)]])) == []
    assert gaps(fed([[row(0), row(200), beat(250), row(400)]])) == [(0, 250, 400)]


def test_a_heartbeat_that_comes_late_makes_the_time_after_it_a_gap() -> None:
    assert gaps(fed([[row(0), row(200), row(400)], [beat(0)]])) == [(0, 0, 200), (0, 200, 400)]
    assert gaps(fed([[row(300), beat(310)], [beat(100)]])) == [(0, 100, 300)]


def test_an_event_in_a_gap_parts_it() -> None:
    times = fed([[beat(0), row(300)]])
    assert gaps(fed([[row(100)]], times)) == [(0, 0, 100), (0, 100, 300)]
    assert gaps(fed([[row(50), row(210)]], times)) == [(0, 100, 210)]
    assert gaps(fed([[row(190), row(140)]], times)) == []


def test_where_heartbeats_are_off_there_are_no_gaps() -> None:
    assert gaps(fed([[beat(0, back=NEVER_MS), row(10**12, back=NEVER_MS)]])) == []


@pytest.mark.parametrize("seed", range(300))
def test_gaps_are_a_function_of_the_set_of_events(seed: int) -> None:
    random = Random(seed)
    events = drawn(random, backs=(90,) if seed % 3 else (30, 90, 600))
    expected = slow(events)
    assert gaps(fed(cut(events, random))) == expected
    random.shuffle(events)
    again = events + random.sample(events, len(events) // 2)
    assert gaps(fed(cut(again, random))) == expected
    assert gaps(fed([[one] for one in again])) == expected


@pytest.mark.parametrize("seed", range(100))
def test_what_is_dropped_before_the_cut_never_counted(seed: int) -> None:
    random = Random(seed)
    times, seen = SourceTimes(), list[Event]()
    reach = 0
    for _ in range(20):
        reach += random.choice([10, 40, 130, 300])
        batch = [row(reach - random.randint(0, 100))]
        batch += [beat(reach)] if random.random() < 0.2 else []
        seen += batch
        source, ts_ms, _, is_beat = (np.array(values) for values in zip(*batch, strict=True))
        times.add_heartbeats(source[is_beat], ts_ms[is_beat])
        times.add(source, ts_ms, np.full(SOURCES, 90), np.full(SOURCES, reach - 100))
        assert gaps(times) == slow(seen)


def test_a_silent_source_has_an_open_gap_from_its_last_event_on() -> None:
    times = fed([[beat(0), row(60), row(60, source=1)]])
    silent = np.array([True, False, False])
    found = times.gaps(silent, np.full(SOURCES, 200))
    assert found.rows() == {(0, 60, NEVER_MS, 60 + DAY_MS)}
    found = times.gaps(silent, np.full(SOURCES, 61 + DAY_MS))
    gone = 60 + DAY_MS
    assert found.rows() == {(0, 60, NEVER_MS, gone), (1, gone, NEVER_MS, gone)}
