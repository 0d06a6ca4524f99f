"""Cover over drawn days: the shard finds what a slow reading of the same day finds.

The slow twin cuts the day wherever anything changes and reads the rules of cover from the pieces:
zones, days on which clocks are changed, hours over midnight, a desk to which nobody ever came, a
feed that is silent for hours.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from stream.control.model import Verdict
from stream.events.language import SERVING, STAFFED, State
from stream.roster import NO_ROSTER, Roster, parse_roster
from stream.shard import Shard
from stream.spec import LocalSpan, PoolSpec, SourceSpec, Spec
from stream.units import HOUR_MS, MINUTE_MS, NEVER_MS, SECOND_MS
from tests.reference.histories import HISTORIES
from tests.windows.telling import Event, push

DAYS = (
    ("Europe/Berlin", "2026-10-24"),
    ("Europe/Berlin", "2026-03-28"),
    ("America/New_York", "2026-10-31"),
    ("Asia/Shanghai", "2026-03-02"),
    ("Asia/Kathmandu", "2026-03-06"),
)
HOURS = (((22, 6),), ((8, 22),), ((0, 0),), ((20, 1), (5, 9)), ((23, 7), (18, 21)), ())
BEAT_MS = 10 * MINUTE_MS
SILENT_MS = 3 * BEAT_MS + 1
STATES = ("available", "talking", "acw", "aux", "meal", "offline", "unknown", "ringing")
ROSTER = parse_roster("agent,team,pool\nn0,owls,night\nn1,owls,night\n", "r.csv")


@dataclass(frozen=True)
class Day:
    """A day of one pool on one floor."""

    zone: str
    hours: tuple[tuple[int, int], ...]
    named: bool
    start_ms: int
    end_ms: int
    events: list[Event]

    @property
    def spec(self) -> Spec:
        spans = tuple(LocalSpan(first * 60, end * 60) for first, end in self.hours)
        source = SourceSpec(heartbeat_ms=BEAT_MS, silence_ms=None)
        pools = (PoolSpec(zone=self.zone, open=spans),)
        return Spec(event_clock=True, sources=(source,), pools=pools)

    @property
    def roster(self) -> Roster:
        return ROSTER if self.named else NO_ROSTER


def drawn(seed: int) -> Day:
    """From the evening to the next noon."""
    random = Random(seed)
    zone, date = random.choice(DAYS)
    start = datetime.fromisoformat(f"{date}T{random.randint(15, 21)}:00").replace(
        tzinfo=ZoneInfo(zone)
    )
    first_ms = round(start.timestamp() * 1_000) + random.choice((0, 1, 7 * MINUTE_MS))
    end_ms = first_ms + 18 * HOUR_MS
    events: list[Event] = [
        {"type": "heartbeat", "ts": at} for at in range(first_ms, end_ms + 1, BEAT_MS)
    ]

    def instant() -> int:
        whole = random.choice((SECOND_MS, MINUTE_MS, 1, HOUR_MS))
        return random.randint(first_ms, end_ms - HOUR_MS) // whole * whole

    for agent in range(random.choice((0, 0, 1, 2))):
        said = {"type": "state", "agent": f"n{agent}"}
        events += [
            {**said, "ts": max(first_ms, instant()), "state": random.choice(STATES)}
            for _ in range(random.randint(1, 12))
        ]
    for number in range(random.choice((0, 2, 8))):
        called_ms, waits_ms = max(first_ms, instant()), random.choice((5, 19, 21, 45, 90, 600))
        call = {"type": "call", "call": f"c{number}", "pool": "night" if seed % 2 else "main"}
        events.append({**call, "ts": called_ms, "phase": "offered"})
        events.append({**call, "ts": called_ms + waits_ms * SECOND_MS, "phase": "abandoned"})
    if random.random() < 0.4:
        away_ms = instant()
        back_ms = away_ms + random.randint(20, 240) * MINUTE_MS
        calls = {e["call"] for e in events if "call" in e and away_ms <= e["ts"] < back_ms}
        events = [
            e for e in events if not away_ms <= e["ts"] < back_ms and e.get("call") not in calls
        ]
    events.sort(key=lambda e: int(e["ts"]))
    hours = random.choice(HOURS)
    return Day(zone, hours, bool(seed % 2), first_ms, int(events[-1]["ts"]), events)


@dataclass
class Piece:
    """A part of the day in which nothing changes."""

    start_ms: int
    end_ms: int
    known: bool
    open: bool | None
    staffed: bool
    serving: bool
    oldest_ms: int


def pieces(day: Day) -> Iterator[Piece]:
    """The day, cut wherever anything changes."""
    times = [int(e["ts"]) for e in day.events]
    silent = [(x + SILENT_MS, y) for x, y in pairwise(times) if y > x + SILENT_MS]
    beat_ms = min(int(e["ts"]) for e in day.events if e["type"] == "heartbeat")
    minutes = range(day.start_ms // MINUTE_MS, day.end_ms // MINUTE_MS + 1)
    turns = {b for a, b in pairwise(minutes) if _open(day, a) != _open(day, b)}
    cuts = {*times, *(t for pair in silent for t in pair), *(b * MINUTE_MS for b in turns)}
    for start, end in pairwise(sorted(cuts)):
        states = {e["agent"]: State[e["state"]] for e in _until(day, start, "state")}
        waits = {e["call"]: int(e["ts"]) for e in _until(day, start, "call")
                 if e["phase"] == "offered"}  # fmt: skip
        for e in _until(day, start, "call"):
            if e["phase"] == "abandoned":
                waits.pop(e["call"], None)
        yield Piece(
            start,
            end,
            start >= beat_ms and not any(a <= start < b for a, b in silent),
            _open(day, start // MINUTE_MS),
            any(state in STAFFED for state in states.values()),
            any(state in SERVING for state in states.values()),
            min(waits.values(), default=NEVER_MS),
        )


def _until(day: Day, t_ms: int, kind: str) -> list[Event]:
    return [e for e in day.events if e["type"] == kind and int(e["ts"]) <= t_ms]


def _open(day: Day, minute: int) -> bool | None:
    if not day.hours:
        return None
    local = datetime.fromtimestamp(minute * 60, ZoneInfo(day.zone))
    now = local.hour + local.minute / 60
    return any(a <= now < b if a < b else now >= a or now < b for a, b in day.hours)


def slow_twin(day: Day) -> list[tuple[int, Verdict]]:
    """What changes when, read from the pieces."""
    found: list[tuple[int, Verdict]] = []
    raised: Verdict | None = None
    unserved = unstaffed = calm = NEVER_MS
    was_open: bool | None = None  # of the last piece in which nobody served
    for piece in pieces(day):
        if not piece.known:
            unserved = unstaffed = calm = NEVER_MS
            continue
        alone = not piece.serving
        closes = alone and was_open is True and piece.open is False
        if not alone or (was_open is not None and piece.open is not was_open):
            unserved = NEVER_MS
        unserved = min(unserved, piece.start_ms) if alone else NEVER_MS
        empty = piece.open is True and not piece.staffed
        unstaffed = min(unstaffed, piece.start_ms) if empty else NEVER_MS
        was_open = piece.open if alone else None
        if closes and raised is not None:
            found.append((piece.start_ms, Verdict.in_control))
            raised, calm = None, NEVER_MS
        long_ms = piece.oldest_ms + 20 * SECOND_MS + 1
        alarms = [unstaffed + 60 * SECOND_MS, max(long_ms, unserved + 30 * SECOND_MS)]
        level = Verdict.watch if piece.open is False else Verdict.out_of_control
        bad_ms = piece.start_ms if unstaffed < NEVER_MS else long_ms if alone else NEVER_MS
        for t_ms in sorted({piece.start_ms, bad_ms, *alarms, calm + 60 * SECOND_MS}):
            if not piece.start_ms <= t_ms < piece.end_ms:
                continue
            if min(alarms) <= t_ms and raised not in (level, Verdict.out_of_control):
                found.append((t_ms, level))
                raised = level
            calm = NEVER_MS if bad_ms <= t_ms or raised is None else min(calm, t_ms)
            if t_ms >= calm + 60 * SECOND_MS:
                found.append((t_ms, Verdict.in_control))
                raised, calm = None, NEVER_MS
        if calm + 60 * SECOND_MS < min(piece.end_ms, bad_ms):
            found.append((calm + 60 * SECOND_MS, Verdict.in_control))
            raised, calm = None, NEVER_MS
    return found


def of_shard(day: Day, cuts: Random) -> list[tuple[int, Verdict]]:
    """What the shard finds; fed in batches and stepped at random."""
    shard, at, found = Shard(day.spec, day.roster), 0, list[tuple[int, Verdict]]()
    while at < len(day.events):
        size = cuts.choice((1, 1, 3, 40, 400))
        push(shard, day.events[at : at + size])
        at += size
        found += [
            (one.at_ms, one.to) for one in shard.step(shard.watermark_ms) if one.detector == "cover"
        ]
    return found


def test_cover_of_a_drawn_day_is_that_of_a_slow_reading_whatever_the_batches() -> None:
    seen: Counter[str] = Counter()
    for seed in range(max(60, HISTORIES)):
        day = drawn(seed)
        wanted = slow_twin(day)
        assert of_shard(day, Random(seed)) == wanted, seed
        seen.update(to.value for _, to in wanted)
    assert min(seen[kind] for kind in ("out_of_control", "watch", "in_control")) > 10, seen
