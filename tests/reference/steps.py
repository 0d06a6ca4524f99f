"""Short programmes of steps, each of which sends one event, often exactly onto an edge.

A step moves the clock of the floors on by some gap and sends something with some twist: late,
repeated, at the time of another event, at the very edge of the grace, the horizon or the seal.
"""

from collections import Counter
from random import Random
from typing import Any, Final, NamedTuple

from stream.events.language import Phase, State
from stream.spec import LocalSpan, PoolSpec, ShiftSpec, SourceSpec, Spec
from stream.units import rfc3339
from tests.reference.admission import Admission
from tests.reference.cases import at
from tests.reference.history import History, greatest
from tests.reference.records import Event, Record, instant, ranked
from tests.reference.rules import DAY, HOUR, MINUTE, SECOND, Member, Rules

STARTS: Final = {
    "Europe/Berlin": ("2026-03-28T20:55:00", "2026-10-24T21:55:00", "2026-03-02T04:55:00"),
    "America/New_York": ("2026-03-08T04:55:00", "2026-11-01T03:55:00", "2026-03-02T12:55:00"),
    "Australia/Lord_Howe": ("2026-04-04T13:55:00", "2026-10-03T14:55:00"),
    "UTC": ("2026-02-28T23:58:00", "2026-03-02T13:57:30"),
}
"""Shortly before changes of the clock, midnights and shift edges."""
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
EQUAL: Final = ("equal_time", "equal_seq", "equal_state")
"""Twists that give an event the time of its agent's last one."""
ACTIONS: Final = (
    *("state",) * 18, *("move",) * 4, *("heartbeat",) * 2, *("call",) * 16, "queue", "queue",
    "snapshot",
)  # fmt: skip
PHASES: Final = (
    Phase.answered, Phase.ended, Phase.answered, Phase.wrapped, Phase.answered, Phase.abandoned,
    Phase.ended, Phase.offered, Phase.answered, Phase.callback_requested, Phase.callback_done,
)  # fmt: skip
"""Phases after the first, the common ones more often."""
CAST: Final = (
    ("north", "ann", "pbx-a"), ("north", "bob", "pbx-a"), ("north", "cleo", "pbx-b"),
    ("south", "ann", None), ("north", "ann", "pbx-a"), ("north", "bob", "pbx-b"),
    ("north", "ann", "pbx-b"), ("north", "äöü ☎", "pbx-b"),
)  # fmt: skip
TEAMS: Final = (None, "blue", "red")
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
WHOLE_SECONDS: Final = SourceSpec("pbx-b", resolution_ms=SECOND)
SOURCES: Final[tuple[tuple[SourceSpec, ...], ...]] = (
    (SourceSpec(),),
    (WHOLE_SECONDS, SourceSpec()),
    (SourceSpec(heartbeat_ms=None, silence_ms=None),),
    (BRISK, SourceSpec()),
    (SourceSpec("pbx-b", None), SourceSpec()),
)
WAITS: Final = (0, 1, 59_999, 89_999, *(90_000,) * 3, 90_001, 20 * MINUTE)
LEAP: Final = 30 * DAY
AHEAD: Final = (SECOND, 11 * MINUTE, 3 * HOUR)
"""How far clocks are ahead that give their records' time stamps as well."""


class Step(NamedTuple):
    """What happens next; the numbers choose among what the history has."""

    gap: str
    action: str
    twist: str
    who: int
    what: int
    size: int


class Programme:
    """Keeps the clock of the floors while events are written down."""

    def __init__(self, random: Random, rules: Rules, start: int) -> None:
        self._random = random
        self._rules = rules
        self._now = start
        # Where each floor has one source nothing waits for a slower one.
        self._alone = random.random() < 0.35
        self._appended = random.random() < 0.2
        self._is_file = rules.spec.event_clock and random.random() < 0.15
        self._appended &= not self._is_file
        self._admission = Admission(rules)
        self._sent: list[tuple[int, Event]] = []
        self._last: dict[tuple[str, str], Event] = {}
        self._calls: list[tuple[str, str]] = []

    def records(self) -> tuple[Record, ...]:
        """Some dozens of steps, put into records of some sizes over and over."""
        random = self._random
        gaps = random.choice([BRISK_GAPS, GAPS])
        count = random.randint(20, 45)
        leap_at = random.choice([*(-1,) * 6, count // 2, count - 6])
        for place in range(count):
            self._now += LEAP if place == leap_at else 0
            names = random.choice(gaps), random.choice(ACTIONS), random.choice(TWISTS)
            numbers = random.randrange(256), random.randrange(256), random.randrange(1024)
            self._take(Step(*names, *numbers))
        widths = [random.randint(1, 6) for _ in range(random.randint(1, 5))]
        out: list[Record] = []
        while self._sent:
            width = widths[len(out) % len(widths)]
            some, self._sent = self._sent[:width], self._sent[width:]
            stamp = None if self._is_file else max(arrival for arrival, _ in some)
            out.append(Record(tuple(ranked(event for _, event in some)), stamp, self._appended))
        return tuple(out)

    def _take(self, step: Step) -> None:
        self._now = self._after(step)
        if step.twist == "repeat" and self._sent:
            arrival, sent = self._sent[-1 - min(step.size // 16, len(self._sent) - 1)]
            self._send(max(arrival, self._now), sent)
            return
        floor, agent, usual = CAST[step.who % len(CAST)]
        event: dict[str, Any] = {"type": step.action, "floor": floor}
        event["source"] = self._source(step, usual)
        if step.action in ("state", "move"):
            event |= self._state(step, floor, agent)
        elif step.action == "call":
            event |= self._call(step, floor, agent)
        elif step.action == "queue":
            event |= {"pool": "sales", "waiting": step.what % 5, "oldest_wait_s": step.size % 90}
        elif step.action == "snapshot":
            event["agents"] = [who for who in ("ann", "bob", "fay") if self._random.random() < 0.5]
        event["ts"] = ts = self._ts(step, event)
        if step.size % 7 == 0:
            event["ts"] = rfc3339(ts)
        event = {name: value for name, value in event.items() if value is not None}
        if event["type"] == "state":
            self._last[floor, agent] = event
        fast = step.twist == "ahead" and step.what % 2 and not self._appended
        self._send(max(ts, self._now) if fast else self._now, event)

    def _source(self, step: Step, usual: str | None) -> str | None:
        if self._alone:
            return None
        if step.twist in ("horizon_edge", "seal_edge"):
            return "pbx-d"  # it speaks of nothing else, so it falls far behind
        return "pbx-c" if step.who % 23 == 22 else usual

    def _send(self, arrival: int, event: Event) -> None:
        self._sent.append((arrival, event))
        stamp = None if self._is_file else arrival
        self._admission.push(Record((event,), stamp, self._appended))

    # -- what a step asks for

    def _after(self, step: Step) -> int:
        kind, _, shift = step.gap.partition("~")
        edges = {
            "minute": (self._now // MINUTE + 1) * MINUTE,
            "hour": (self._now // HOUR + 1) * HOUR,
            "shift": self._next_shift() if kind == "shift" else 0,
        }
        gaps = {
            "none": 0, "1ms": 1, "short": step.size * 29, "medium": MINUTE + step.size * 500,
            "long": 25 * MINUTE + step.size * 6 * SECOND, "half_day": 12 * HOUR,
        }  # fmt: skip
        if kind in edges:
            return max(self._now, edges[kind] + int(shift or 0))
        return self._now + gaps[kind]

    def _next_shift(self) -> int:
        """The next shift start of a team (midnight without shifts), to the hour."""
        here = self._rules.shift_start("north", "blue", self._now)
        at_ms = self._now // HOUR * HOUR
        while self._rules.shift_start("north", "blue", at_ms) == here:
            at_ms += HOUR
        return self._rules.shift_start("north", "blue", at_ms)

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
        known = [call for where, call in self._calls if where == floor]
        pool = "sales" if step.who // 8 % 4 == 0 else None
        if not known or step.what % 5 == 0:
            known.append(f"c{len(self._calls)}")
            self._calls.append((floor, known[-1]))
            if step.size % 8:
                return {"call": known[-1], "phase": Phase.offered.name, "pool": pool}
        call = known[-1 - step.size % min(3, len(known))]
        phase = PHASES[step.what // 4 % len(PHASES)]
        event: dict[str, Any] = {"call": call, "phase": phase.name, "pool": pool}
        if phase in (Phase.answered, Phase.ended) or (phase == Phase.wrapped and step.what % 2):
            event |= {"agent": agent, "team": TEAMS[step.size // 8 % 3]}
        durations: dict[Phase, dict[str, Any]] = {
            Phase.answered: {"wait_s": step.size % 40},
            Phase.abandoned: {"wait_s": step.size % 40},
            Phase.ended: {"talk_s": step.size % 11 / 2, "hold_s": step.size % 3},
            Phase.wrapped: {"acw_s": step.size % 60},
        }
        return event | (durations.get(phase, {}) if step.who % 3 else {})

    def _ts(self, step: Step, event: Event) -> int:
        """The event's own time: mostly now, else what the twist asks for."""
        limits, now = self._rules.spec.windows, self._now
        name = event["floor"]
        floor = self._admission.floors.get(name)
        own = highest = sealed = now
        if floor is not None and floor.greatest is not None:
            own = floor.start(floor.source(event["source"] or name), now)
            highest, sealed = floor.greatest, floor.seal(self._rules)
        last = self._last.get((name, event.get("agent", "")))
        nudge = step.size % 3 - 1
        before = now if last is None else instant(last)
        asked = dict.fromkeys(EQUAL, before) | {
            "between": before - 1 - step.size * (58 if step.what % 2 else 240),
            "back": now - step.size * 290,
            "grace_edge": own - limits.grace_ms + nudge,
            "beyond_grace": own - limits.grace_ms - 1 - step.size * SECOND,
            "horizon_edge": highest - limits.horizon_ms + nudge,
            "seal_edge": sealed + nudge,
            "ahead": now + (5_000 + nudge if step.size % 2 else AHEAD[step.size % len(AHEAD)]),
        }
        return asked.get(step.twist, now)


def _roster(random: Random, start: int) -> tuple[Member, ...]:
    """Nobody, or two agents, one of whom changes the team by date."""
    if random.random() < 0.5:
        return ()
    change = start // 1000 * 1000 + random.randint(0, 40) * 3 * MINUTE
    return (
        Member("ann", "blue", "main", end=change),
        Member("ann", "red", "sales", start=change),
        Member("bob", "blue", "main"),
    )


def drawn_rules(random: Random, zone: str, start: int) -> Rules:
    pools = (PoolSpec(zone=zone), PoolSpec(name="sales", zone="Asia/Kolkata"))
    spec = Spec(
        sources=random.choice(SOURCES),
        pools=pools if random.random() < 0.7 else pools[::-1],
        shifts=random.choice(SHIFTS),
        event_clock=random.random() < 0.5,
    )
    return Rules(spec, _roster(random, start))


def steps_of(random: Random, seed: str) -> History:
    """A history of one programme."""
    zone = random.choice(list(STARTS))
    start = at(random.choice(STARTS[zone]))
    rules = drawn_rules(random, zone, start)
    records = Programme(random, rules, start).records()
    stamps = [record.stamp for record in records if record.stamp is not None]
    end = max([*stamps[-1:], greatest(records[-1:])])
    wait = random.choice(WAITS)
    looks = (end, end + wait, end + wait + 17 * MINUTE + 3)
    return History(rules, records, looks, seed, Counter(["steps"]))
