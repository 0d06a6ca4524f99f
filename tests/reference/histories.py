"""Whole histories of a few floors, in which every awkward case comes up often.

A history is made from a short programme of steps: each moves the floors' clock on by some gap
(often exactly onto an edge) and sends something with some twist (late, repeated, at the same
time as another event ...). Hypothesis draws the seed of each history, so that no two are alike;
a failure is made small by leaving out events (`minimal`), and prints as events that can be pasted
into a file.
"""

import os
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from stream.events.language import State
from stream.spec import LocalSpan, PoolSpec, ShiftSpec, SourceSpec, Spec
from tests.reference.builder import Builder, Step
from tests.reference.history import History
from tests.reference.naive import RosterLine

HISTORIES: Final = int(os.environ.get("FLOORWATCH_HISTORIES") or "100")
"""How many histories each property sees."""
SEEDED: Final = settings(
    max_examples=HISTORIES,
    derandomize=True,
    deadline=None,
    database=None,
    print_blob=False,
    report_multiple_bugs=False,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
"""The same histories in every run. What fails is made small by `minimal`, not by hypothesis."""
ZONES: Final = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC")
MINUTE: Final = 60_000


def at(text: str) -> int:
    """Epoch milliseconds of an instant in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


STARTS: Final = {
    "Europe/Berlin": (at("2026-03-28T20:55"), at("2026-10-24T21:55"), at("2026-03-02T04:55")),
    "America/New_York": (at("2026-03-08T04:55"), at("2026-11-01T03:55"), at("2026-03-02T12:55")),
    "Australia/Lord_Howe": (at("2026-04-04T13:55"), at("2026-10-03T14:55")),
    "UTC": (at("2026-02-28T23:58"), at("2026-03-02T13:57:30")),
}
"""Where histories begin: shortly before changes of the clock, midnights and shift edges."""

BRISK_GAPS: Final = (
    *("none",) * 6, *("1ms",) * 2, *("short",) * 14, *("medium",) * 3, *("minute~0",) * 3,
    "minute~-1", "minute~1",
)  # fmt: skip
GAPS: Final = (
    *BRISK_GAPS, "hour~0", "hour~1", "shift~0", "shift~0", "shift~-1", "shift~1", "long",
    "half_day",
)  # fmt: skip
TWISTS: Final = (
    *("plain",) * 7, *("between",) * 4, "back", "back", *("equal_time",) * 2, "equal_seq",
    "equal_seq", "equal_state", "equal_state", "repeat", "repeat", "grace_edge", "grace_edge",
    "beyond_grace", "horizon_edge", "seal_edge", "seal_edge", "sync", "same", "same", "same",
    "ahead", "ahead",
)  # fmt: skip
ACTIONS: Final = (*("state",) * 9, *("move",) * 2, "heartbeat", *("call",) * 8, "queue")
DAY_SPANS: Final = (
    LocalSpan(0, 120), LocalSpan(120, 150), LocalSpan(360, 840), LocalSpan(840, 1320),
)  # fmt: skip
"""Shifts with edges in the hours at which clocks are changed, and a gap before the first."""
NIGHT: Final = (LocalSpan(22 * 60, 6 * 60), LocalSpan(6 * 60, 14 * 60), LocalSpan(840, 1320))
SHIFTS: Final[tuple[tuple[ShiftSpec, ...], ...]] = (
    (),
    (ShiftSpec(NIGHT),),
    (ShiftSpec(DAY_SPANS, team="blue"), ShiftSpec(NIGHT)),
    (ShiftSpec(NIGHT, team="blue"),),
)
BRISK: Final = SourceSpec("pbx-b", 5 * MINUTE, 1, {State.talking: 90_000, State.offline: 600_000})
SOURCES: Final[tuple[tuple[SourceSpec, ...], ...]] = (
    (SourceSpec(),),
    (SourceSpec(),),
    (SourceSpec(heartbeat_ms=None, silence_ms=None),),
    (BRISK, SourceSpec()),
    (SourceSpec("pbx-b", None), SourceSpec()),
)
WAITS_MS: Final = (0, 1, 59_999, 89_999, *(90_000,) * 3, 90_001, 20 * MINUTE)


def histories(most: int = 45) -> st.SearchStrategy[History]:
    """Histories of 20 to `most` steps: shorter ones let mistakes pass (test_mutants.py)."""
    seeds = st.binary(min_size=8, max_size=8)
    return seeds.map(lambda seed: history_of(seed.hex(), most))


def history_of(seed: str, most: int = 45) -> History:
    """The history of a seed."""
    random = Random(seed)
    zone = random.choice(ZONES)
    base_ms = random.choice(STARTS[zone])
    pools = (PoolSpec(zone=zone), PoolSpec(name="sales", zone="Asia/Kolkata"))
    spec = Spec(
        sources=random.choice(SOURCES),
        pools=pools if random.random() < 0.7 else pools[::-1],
        shifts=random.choice(SHIFTS),
        event_clock=random.random() < 0.5,
    )
    builder = Builder(base_ms, spec, _roster(random, base_ms), alone=random.random() < 0.35)
    programme = _programme(random, most)
    leap_at = random.choice([*(-1,) * 6, len(programme) // 2, len(programme) - 4])
    for place, step in enumerate(programme):
        if place == leap_at:
            builder.leap()
        builder.take(step)
    widths = [random.randint(1, 6) for _ in range(random.randint(1, 5))]
    return replace(builder.finish(widths, random.choice(WAITS_MS), seed), zone=zone)


def _roster(random: Random, base_ms: int) -> tuple[RosterLine, ...]:
    """Nobody, or two agents, one of whom changes the team by date."""
    if random.random() < 0.5:
        return ()
    change = base_ms // 1000 * 1000 + random.randint(0, 40) * 3 * MINUTE
    return (
        RosterLine("ann", "blue", "main", None, change),
        RosterLine("ann", "red", "sales", change, None),
        RosterLine("bob", "blue", "main"),
    )


def _programme(random: Random, most: int) -> list[Step]:
    gaps = random.choice([BRISK_GAPS, GAPS])
    return [
        Step(
            random.choice(gaps),
            random.choice(ACTIONS),
            random.choice(TWISTS),
            random.randrange(256),
            random.randrange(256),
            random.randrange(1024),
        )
        for _ in range(random.randint(20, most))
    ]
