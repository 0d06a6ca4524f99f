"""Strategies for whole histories of a few floors, in which every awkward case comes up often.

A history is made from a short programme of steps: each moves the floors' clock on by some gap
(often exactly onto an edge) and sends something with some twist (late, repeated, at the same
time as another event ...). So hypothesis shrinks a failure to the few steps that matter, and
a history prints as events that can be pasted into a file.
"""

import os
from datetime import UTC, datetime
from typing import Any, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from stream.events.language import State
from stream.spec import LocalSpan, PoolSpec, ShiftSpec, SourceSpec, Spec
from tests.reference.builder import Builder, Step
from tests.reference.history import History
from tests.reference.labels import labelled
from tests.reference.naive import RosterLine

HISTORIES: Final = int(os.environ.get("FLOORWATCH_HISTORIES", "100"))
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

GAPS: Final = (
    *("none",) * 5, *("1ms",) * 2, *("short",) * 8, *("medium",) * 4, *("minute~0",) * 3,
    "minute~-1", "minute~1", "hour~0", "hour~1", "shift~0", "shift~-1", "shift~1", "long",
    "half_day",
)  # fmt: skip
TWISTS: Final = (
    *("plain",) * 7, *("back",) * 3, *("equal_time",) * 2, *("equal_seq",) * 2,
    *("repeat",) * 2, "grace_edge", "beyond_grace", "horizon_edge", "sync", "same",
    "ahead", "ahead",
)  # fmt: skip
ACTIONS: Final = (*("state",) * 9, *("move",) * 2, "heartbeat", *("call",) * 5, "queue")


def steps() -> st.SearchStrategy[Step]:
    """One step of a programme; the numbers choose among what the history has."""
    return st.builds(
        Step,
        gap=st.sampled_from(GAPS),
        action=st.sampled_from(ACTIONS),
        twist=st.sampled_from(TWISTS),
        who=st.integers(0, 255),
        what=st.integers(0, 255),
        size=st.integers(0, 1023),
    )


@st.composite
def specs(draw: st.DrawFn, zone: str) -> Spec:
    """Shifts or none, heartbeats or none, limits of silence or none."""
    feed = SourceSpec()
    choice = draw(st.sampled_from(["standard", "standard", "standard", "log", "short", "mixed"]))
    if choice == "log":
        feed = SourceSpec(heartbeat_ms=None, silence_ms=None)
    short = SourceSpec("pbx-b", 5 * MINUTE, 1, {State.talking: 90_000, State.offline: 600_000})
    sources = {"short": (short, feed), "mixed": (SourceSpec("pbx-b", None), feed)}
    spans = (LocalSpan(0, 120), LocalSpan(120, 150), LocalSpan(360, 840), LocalSpan(840, 1320))
    night = (LocalSpan(22 * 60, 6 * 60), LocalSpan(6 * 60, 14 * 60), LocalSpan(14 * 60, 22 * 60))
    shifts = draw(
        st.sampled_from(
            [
                (),
                (ShiftSpec(night),),
                (ShiftSpec(spans, team="blue"), ShiftSpec(night)),
                (ShiftSpec(night, team="blue"),),
            ]
        )
    )
    return Spec(
        sources=sources.get(choice, (feed,)),
        pools=(PoolSpec(name="sales", zone="Asia/Kolkata"), PoolSpec(zone=zone)),
        shifts=shifts,
        event_clock=draw(st.booleans()),
    )


@st.composite
def rosters(draw: st.DrawFn, base_ms: int) -> tuple[RosterLine, ...]:
    """Nobody, or two agents, one of whom changes the team by date."""
    if draw(st.booleans()):
        return ()
    change = base_ms // 1000 * 1000 + draw(st.integers(0, 40)) * 3 * MINUTE
    return (
        RosterLine("ann", "blue", "main", None, change),
        RosterLine("ann", "red", "sales", change, None),
        RosterLine("bob", "blue", "main"),
    )


@st.composite
def histories(draw: st.DrawFn, /, most: int = 60, **fixed: Any) -> History:
    """A history; `fixed` replaces fields of the specification."""
    zone = draw(st.sampled_from(ZONES))
    base_ms = draw(st.sampled_from(STARTS[zone]))
    spec = draw(specs(zone))
    spec = Spec(**{name: getattr(spec, name) for name in spec.__slots__} | fixed)
    builder = Builder(base_ms, spec, draw(rosters(base_ms)))
    programme = draw(st.lists(steps(), min_size=20, max_size=most))
    gap_at = draw(st.sampled_from([-1, -1, -1, len(programme) // 2, len(programme) - 4]))
    for place, step in enumerate(programme):
        if place == gap_at:
            builder.leap()
        builder.take(step)
    widths = draw(st.lists(st.integers(1, 6), min_size=1, max_size=5))
    wait_ms = draw(st.sampled_from([0, 0, 1, 59_999, 89_999, 90_000, 90_001, 20 * MINUTE]))
    return labelled(builder.finish(widths, wait_ms), zone)


def cuts() -> st.SearchStrategy[list[int]]:
    """Places at which a history is cut, in thousandths of its length."""
    return st.lists(st.integers(0, 999), min_size=1, max_size=5)
