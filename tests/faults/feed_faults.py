"""What befalls one of two feeds of a floor: its clock is wrong, or what it sends is late or lost.

None of it moves the time of the floors: whoever did would have control evaluate other floors of the
partition at instants that depend on how its records are divided.
"""

import time
from random import Random
from typing import Final

from stream.units import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tests.faults.fault import named
from tests.faults.rig import Rig

SLICES: Final = 15
SLICE_S: Final = 0.2
"""So that the workers see on the way how it is."""


def pass_minutes(rig: Rig, minutes: int) -> None:
    """Send so much of the traffic in slices."""
    until_ms = rig.pump.traffic.until_ms + minutes * MINUTE_MS
    for _ in range(SLICES):
        rig.pump.jump((until_ms - rig.pump.traffic.until_ms) // 3)
        time.sleep(SLICE_S)
    rig.pump.jump(max(0, until_ms - rig.pump.traffic.until_ms) + SECOND_MS)


def tell_time(rig: Rig, ahead_ms: int) -> None:
    """Let the clock of the feed be wrong by this."""
    rig.pump.feed(lambda feed: setattr(feed, "ahead_ms", ahead_ms))


def wrong_clock(rig: Rig, ahead_ms: int) -> None:
    """Let the clock of the feed be wrong for some minutes; then somebody sets it."""
    tell_time(rig, ahead_ms)
    pass_minutes(rig, 6)
    tell_time(rig, 0)
    pass_minutes(rig, 2)
    rig.struck()


@named("source-silent-15-minutes")
def source_silent(rig: Rig, _rng: Random) -> None:
    """It says nothing for 15 minutes, then all at once."""
    rig.pump.feed(lambda feed: feed.hold())
    pass_minutes(rig, 15)
    rig.pump.feed(lambda feed: feed.drain())
    rig.struck()


@named("source-buffered-15-minutes")
def source_buffered(rig: Rig, rng: Random) -> None:
    """It keeps 15 minutes, then sends the oldest first, and behind them what happens meanwhile."""
    rig.pump.feed(lambda feed: feed.hold())
    pass_minutes(rig, 15)
    while rig.pump.traffic.feed.is_holding:
        rig.pump.feed(lambda feed: feed.drain(rng.randrange(50, 150)))
        rig.pump.jump(2 * SECOND_MS)
        time.sleep(SLICE_S)
    rig.struck()


@named("source-lost-15-minutes")
def source_lost(rig: Rig, _rng: Random) -> None:
    """What it sends in 15 minutes goes nowhere, and nobody tells afterwards who is still there."""
    lose(rig)
    rig.struck()


@named("source-lost-then-snapshot")
def source_lost_then_snapshot(rig: Rig, rng: Random) -> None:
    """The same, but then it tells who is logged in; some of those that were there are not."""
    lose(rig)
    traffic = rig.pump.traffic
    there = traffic.feed.agents()
    left = rng.sample(there, len(there) // 3)
    snapshot = traffic.feed.snapshot(traffic.until_ms, set(there) - set(left))
    rig.pump.feed(lambda _: [snapshot])
    rig.struck()


def lose(rig: Rig) -> None:
    """Fifteen minutes of it."""
    rig.pump.feed(lambda feed: setattr(feed, "is_lost", True))
    pass_minutes(rig, 15)
    rig.pump.feed(lambda feed: setattr(feed, "is_lost", False))


@named("source-clock-far-ahead")
def clock_far_ahead(rig: Rig, rng: Random) -> None:
    """Its clock is days ahead: what it sends counts nowhere, and harms nobody."""
    wrong_clock(rig, rng.randrange(2, 90) * DAY_MS)


@named("source-clock-hours-ahead")
def clock_hours_ahead(rig: Rig, rng: Random) -> None:
    """Its clock is stepped ahead and stays so: within a day it is contradicted once, and is out."""
    wrong_clock(rig, rng.randrange(1, 12) * HOUR_MS)


@named("source-clock-stepped-back")
def clock_stepped_back(rig: Rig, rng: Random) -> None:
    """Its clock is set back, within the grace or beyond it."""
    wrong_clock(rig, -rng.choice((3, 4, 20, 90)) * MINUTE_MS)
