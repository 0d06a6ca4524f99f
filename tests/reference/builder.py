"""Turns a programme of steps into the events of a history, every awkward case on purpose."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from stream.events.language import Phase, State
from stream.spec import Spec
from stream.units import rfc3339
from tests.reference.history import History
from tests.reference.lateness import Event, Lateness, instant
from tests.reference.naive import Floorplan, RosterLine
from tests.reference.truth.records import ranked

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
LEAP_MS: Final = 30 * 24 * HOUR
CALL_ID_LIFE_MS: Final = 40 * MINUTE
"""A call is spoken of no longer than this: its id may be forgotten after the horizon."""

CAST: Final = (
    ("north", "ann", "pbx-a"), ("north", "bob", "pbx-a"), ("north", "cleo", "pbx-b"),
    ("south", "ann", None), ("north", "ann", "pbx-a"), ("north", "bob", "pbx-b"),
    ("north", "ann", "pbx-b"), ("north", "äöü ☎", "pbx-b"),
)  # fmt: skip
PHASES: Final = (
    Phase.answered, Phase.ended, Phase.answered, Phase.wrapped, Phase.answered, Phase.abandoned,
    Phase.ended, Phase.offered, Phase.answered, Phase.callback_requested,
)  # fmt: skip
"""Phases after the first, the common ones more often."""
EQUAL: Final = ("equal_time", "equal_seq", "equal_state")
"""Twists that give an event the time of its agent's last one."""
TEAMS: Final = (None, "blue", "red")


class Step(NamedTuple):
    """What happens next; the numbers choose among what the history has."""

    gap: str
    action: str
    twist: str
    who: int
    what: int
    size: int


class Builder:
    """Keeps the clock of the floors while events are written down."""

    def __init__(
        self, base_ms: int, spec: Spec, roster: Sequence[RosterLine], *, alone: bool
    ) -> None:
        """`alone`: each floor has one source, so that nothing waits for a slower one."""
        self._now = base_ms
        self._alone = alone
        self._spec = spec
        self._roster = tuple(roster)
        self._plan = Floorplan(spec, roster)
        self._lateness = Lateness(spec)
        self._events: list[Event] = []
        self._received: list[int] = []
        self._last: dict[tuple[str, str], Event] = {}
        self._calls: list[tuple[str, str, int]] = []

    def leap(self) -> None:
        """A month in which nothing happens."""
        self._now += LEAP_MS

    def take(self, step: Step) -> None:
        """Move the clock, and send one event."""
        self._now = self._after(step)
        if step.twist == "repeat" and self._events:
            self._send(self._events[-1 - min(step.size // 16, len(self._events) - 1)])
            return
        floor, agent, source = CAST[step.who % len(CAST)]
        source = self._source(step, source)
        said: dict[str, Any] = {"type": step.action, "floor": floor, "source": source}
        if step.action in ("state", "move"):
            said |= self._state(step, floor, agent)
        elif step.action == "call":
            said |= self._call(step, floor, agent)
        elif step.action == "queue":
            said |= {"pool": "sales", "waiting": step.what % 5, "oldest_wait_s": step.size % 90}
        said["ts"] = self._ts(step, said)
        if step.size % 7 == 0:
            said["ts"] = rfc3339(said["ts"])
        event = {name: value for name, value in said.items() if value is not None}
        if event["type"] == "state":
            self._last[floor, agent] = event
        self._send(event)

    def _source(self, step: Step, usual: str | None) -> str | None:
        if self._alone:
            return None
        if step.twist in ("horizon_edge", "seal_edge"):
            return "pbx-d"  # it speaks of nothing else, so it falls far behind
        return "pbx-c" if step.who % 23 == 22 else usual

    def finish(self, widths: Sequence[int], wait_ms: int, seed: str) -> History:
        """The history, its events put into records of the given sizes, over and over."""
        records: list[int] = []
        while sum(records) < len(self._events):
            records.append(widths[len(records) % len(widths)])
        records[-1] -= sum(records) - len(self._events)
        times: list[int] = []
        events: list[Event] = []
        for size in records:
            begin, end = len(events), len(events) + size
            times += [self._received[end - 1]] * size
            events += ranked(self._events[begin:end])
        end = max([times[-1], *map(instant, events)])
        looks = (end, end + wait_ms, end + wait_ms + 17 * MINUTE + 3)
        lines = self._spec, self._roster, tuple(events), tuple(times), tuple(records)
        return History(*lines, looks, seed)

    def _send(self, event: Event) -> None:
        self._events.append(event)
        self._received.append(self._now)
        self._lateness.admit(event)

    def _after(self, step: Step) -> int:
        kind, _, shift = step.gap.partition("~")
        edge = {
            "minute": (self._now // MINUTE + 1) * MINUTE,
            "hour": (self._now // HOUR + 1) * HOUR,
            "shift": self._next_shift() if kind == "shift" else 0,
        }
        gaps = {
            "none": 0, "1ms": 1, "short": step.size * 29, "medium": MINUTE + step.size * 500,
            "long": 25 * MINUTE + step.size * 6 * SECOND, "half_day": 12 * HOUR,
        }  # fmt: skip
        if kind in edge:
            return max(self._now, edge[kind] + int(shift or 0))
        return self._now + gaps[kind]

    def _next_shift(self) -> int:
        """The next shift start of a team (midnight without shifts), to the hour."""
        here = self._plan.shift_start("north", "blue", self._now)
        at = self._now // HOUR * HOUR
        while self._plan.shift_start("north", "blue", at) == here:
            at += HOUR
        return self._plan.shift_start("north", "blue", at)

    def _state(self, step: Step, floor: str, agent: str) -> dict[str, Any]:
        before = self._last.get((floor, agent), {})
        state = State(step.what % len(State)).name
        team = before.get("team") if before else TEAMS[step.what % 3]
        if step.action == "move":
            team = TEAMS[step.size % 3]
        if step.twist in ("same", "equal_state") and before:
            state = before["state"]
        if step.twist == "equal_state":
            team = TEAMS[step.size % 3]
        seq = step.size % 3 if step.twist == "equal_seq" else None
        sync = True if step.twist == "sync" else None
        return {"type": "state", "agent": agent, "team": team, "state": state, "seq": seq,
                "sync": sync, "reason": "coffee" if step.size % 5 == 0 else None}  # fmt: skip

    def _call(self, step: Step, floor: str, agent: str) -> dict[str, Any]:
        known = [call for where, call, since in self._calls
                 if where == floor and self._now - since < CALL_ID_LIFE_MS]  # fmt: skip
        if not known or step.what % 5 == 0:
            known.append(f"c{len(self._calls)}")
            self._calls.append((floor, known[-1], self._now))
            if step.size % 8:
                phase = Phase.offered
                return {"call": known[-1], "phase": phase.name, "pool": self._pool(step)}
        call = known[-1 - step.size % min(3, len(known))]
        phase = PHASES[step.what // 4 % len(PHASES)]
        said: dict[str, Any] = {"call": call, "phase": phase.name, "pool": self._pool(step)}
        if phase in (Phase.answered, Phase.ended) or (phase == Phase.wrapped and step.what % 2):
            said |= {"agent": agent, "team": TEAMS[step.size // 8 % 3]}
        durations: dict[Phase, dict[str, Any]] = {
            Phase.answered: {"wait_s": step.size % 40},
            Phase.abandoned: {"wait_s": step.size % 40},
            Phase.ended: {"talk_s": step.size % 11 / 2, "hold_s": step.size % 3},
            Phase.wrapped: {"acw_s": step.size % 60},
        }
        return said | (durations.get(phase, {}) if step.who % 3 else {})

    def _pool(self, step: Step) -> str | None:
        return "sales" if step.who // 8 % 4 == 0 else None

    def _ts(self, step: Step, said: dict[str, Any]) -> int:
        """The event's own time: mostly now, else what the twist asks for."""
        limits, floor = self._spec.windows, said["floor"]
        marks = self._lateness.marks.get(floor, {})
        own = marks.get(said["source"] or floor, min(marks.values(), default=self._now))
        highest = max(marks.values(), default=self._now)
        last = self._last.get((floor, said.get("agent", "")))
        nudge = step.size % 3 - 1
        before = self._now if last is None else instant(last)
        asked = dict.fromkeys(EQUAL, before) | {
            "between": before - 1 - step.size * (58 if step.what % 2 else 240),
            "back": self._now - step.size * 290,
            "grace_edge": own - limits.grace_ms + nudge,
            "beyond_grace": own - limits.grace_ms - 1 - step.size * SECOND,
            "horizon_edge": highest - limits.horizon_ms + nudge,
            "seal_edge": self._lateness.sealed(floor) + nudge if marks else self._now,
            "ahead": self._now + (5_000 + nudge if step.size % 2 else step.size * 4),
        }
        ts = asked.get(step.twist, self._now)
        return max(ts, self._now - CALL_ID_LIFE_MS) if step.action == "call" else ts
