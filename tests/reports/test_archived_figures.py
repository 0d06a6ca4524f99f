"""Figures of hours out of the archive are those that were live: replayed windows of an hour."""

import gzip
from collections import defaultdict
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pytest

from stream.events.language import I64, STAFFED
from stream.reports.checked import checked
from stream.reports.replay import ReplayObserver, ReplayOptions, replay
from stream.reports.window_accumulator import FinishedWindow, SeatKey
from stream.roster import Roster
from stream.shard import Shard
from stream.simulate.plan import Disturbance, Plan, even_floors
from stream.simulate.run import simulate
from stream.sources import anonymous_bank, events
from stream.sources.recording import InputFile, Recording
from stream.spec import PoolSpec, SourceSpec, Spec
from stream.units import HOUR_MS, MINUTE_MS
from stream.windows.calls.minute_sums import TEAM_COUNTS
from stream.windows.closing.archive import Hour, decode, encode

START_MS = 1_772_443_800_000
"""2026-03-02T09:30:00Z"""
FEEDS = (("floor-01", "pbx-01"), ("floor-02", "pbx-02"))


def lived(
    recording: Recording, zone: str, *, arrival: bool = False
) -> tuple[list[FinishedWindow], list[Hour]]:
    """All windows of an hour of a replay, and the hours that were sealed meanwhile."""
    spec = Spec(
        sources=(SourceSpec(heartbeat_ms=None, silence_ms=None),),
        pools=(PoolSpec(zone=zone),),
        event_clock=True,
        seat_calls=True,
    )
    shard, windows = Shard(spec, Roster(fallback_team="all")), list[FinishedWindow]()
    judged = checked(recording)
    observer = ReplayObserver(windows.append, lambda _: None, lambda *_: None)
    options = ReplayOptions("1h", zone, arrival)
    replay(judged if arrival else judged.in_time_order(), shard, options, observer)
    return windows, [decode(encode(hour)) for hour in shard.take_sealed()]


LATER = [TEAM_COUNTS.index(name) for name in ("acw_ms", "acw_known", "ln_handle")]
"""What after-call work that outlasts the seal adds to the next hour."""


def compare(windows: list[FinishedWindow], hours: list[Hour]) -> int:
    """Hold every seat of every sealed hour against the window; how many seats were compared."""
    archived = {
        (hour.start_ms, hour.floor, *seat): (hour.end_ms, hour.state_ms[at], hour.calls[at])
        for hour in hours
        for at, seat in enumerate(hour.seats)
    }
    sealed_to_ms = max(hour.end_ms for hour in hours)
    staffed = sorted(STAFFED)
    count, later_calls = 0, defaultdict[SeatKey, I64](lambda: np.zeros(len(LATER), np.int64))
    for window in windows:
        if window.end_ms > sealed_to_ms:
            continue
        for at, seat in enumerate(window.seats):
            if window.state_ms[at, staffed].any() or window.calls[at].any():
                end_ms, state_ms, calls = archived.pop((window.start_ms, *seat))
                assert end_ms == window.end_ms
                np.testing.assert_array_equal(state_ms, window.state_ms[at])
                later_calls[seat] += calls[LATER] - window.calls[at, LATER]
                np.testing.assert_array_equal(
                    np.delete(calls, LATER), np.delete(window.calls[at], LATER)
                )
                count += 1
    assert not archived, "hours without a window"
    assert not np.any(list(later_calls.values())), "later closings add up to something else"
    return count


@pytest.mark.parametrize("arrival", [False, True])
def test_every_figure_of_a_simulated_morning_is_that_of_the_archive(arrival: bool) -> None:
    plan = Plan(
        even_floors(2, 4, 60),
        START_MS,
        START_MS + 4 * HOUR_MS,
        seed=5,
        disturbance=Disturbance(late=0.05, late_ms_most=4 * MINUTE_MS, repeated=0.05),
    )
    sent_events = [sent.event for sent in simulate(plan)]
    end_ms = START_MS + 8 * HOUR_MS
    sent_events += ({"type": "heartbeat", "ts": end_ms, "floor": f, "source": s} for f, s in FEEDS)
    recording = events.read([InputFile("recorded", [orjson.dumps(one) for one in sent_events])])
    windows, hours = lived(recording, "Asia/Kolkata", arrival=arrival)
    assert {hour.start_ms % HOUR_MS for hour in hours} == {30 * MINUTE_MS}
    assert compare(windows, hours) >= 3 * 60


def test_every_figure_of_a_recorded_month_is_that_of_the_archive(recorded_data: Path) -> None:
    with gzip.open(recorded_data / "anonymous_bank" / "january.txt.gz") as file:
        lines = file.readlines()
    zone = "Asia/Jerusalem"
    recording = anonymous_bank.read([InputFile("recorded", lines)], ZoneInfo(zone))
    windows, hours = lived(recording, zone)
    assert compare(windows, hours) > 2_900
