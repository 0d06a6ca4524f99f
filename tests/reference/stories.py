"""Short stories of one busy floor, in order, for the checks of control: walk-outs at a peak.

In some of them a feed, or all of them, is not heard for a while, and comes back.
"""

from collections.abc import Iterator
from random import Random
from typing import Final

from stream.spec import ControlSpec, LocalSpan, PeakSpec, ShiftSpec, SourceSpec, Spec
from tests.reference.history import History
from tests.reference.records import Event, Record
from tests.reference.rules import Rules

NOON: Final = 1_772_452_800_000
"""2026-03-02T12:00:00Z"""
SECOND: Final = 1_000
PEAKS: Final = (
    (),
    (PeakSpec(LocalSpan(11 * 60, 13 * 60)),),
    (PeakSpec(LocalSpan(11 * 60, 12 * 60 + 1)),),
    (PeakSpec(LocalSpan(12 * 60 + 1, 13 * 60)),),
)
SHIFTS: Final[tuple[tuple[ShiftSpec, ...], ...]] = (
    (),
    (ShiftSpec((LocalSpan(360, 721), LocalSpan(721, 1080))),),
)
FEEDS: Final = (("pbx-a",), ("pbx-a", "pbx-b"), ("pbx-a", "pbx-b"))
TEAMS: Final = (("blue",), ("blue", "red"))
LAGS_MS: Final = (0, 0, 300, 4_000)
"""How long a record takes to Kafka, at most."""


def story_of(seed: str) -> History:
    """A floor of 5 to 16 at work; some of them leave within seconds, and some come back."""
    random = Random(seed)
    spec = Spec(
        sources=(SourceSpec(heartbeat_ms=random.choice([None, 20_000, 20_000])),),
        peaks=random.choice(PEAKS),
        shifts=random.choice(SHIFTS),
        control=ControlSpec(gate=random.random() < 0.5),
        event_clock=random.random() < 0.7,
    )
    events = tuple(_Floor(random).events())
    now = int(events[-1]["ts"])
    looks = (now, now + random.randint(0, 90) * SECOND)
    lag_ms = random.choice(LAGS_MS)
    records = tuple(
        Record((event,), int(event["ts"]) + random.randint(0, lag_ms)) for event in events
    )
    return History(Rules(spec), records, looks, seed)


class _Floor:
    """Those who work there, and what they are heard of."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._heads = random.randint(5, 16)
        self._feeds = random.choice(FEEDS)
        self._teams = random.choice(TEAMS)

    def events(self) -> Iterator[Event]:
        """All events in order."""
        random, now = self._random, NOON
        begin = NOON - 150 * SECOND
        for agent in range(self._heads):
            yield self._state(begin, agent, "available")
        for beat in range(1, 5):
            yield from self._heartbeats(begin + beat * 30 * SECOND, self._feeds)
        hushes = random.choice([0, 0, 1, 1, 2])
        for left in range(random.randint(self._heads, 40), 0, -1):
            now += random.choice([0, 1, random.randint(0, 999), random.randint(0, 5) * SECOND])
            if random.random() < hushes / left:
                hushes -= 1
                # After a long one time jumps, unless the other feed went on.
                end = now + random.choice([*(random.randint(55, 200),) * 4, 400]) * SECOND
                yield from self._hush(now, end)
                if random.random() < 0.3:
                    yield self._snapshot(end)
                now = end
            yield self._act(now)

    def _hush(self, start: int, end: int) -> Iterator[Event]:
        """One feed is not heard of, or none is; the other goes on, and so do some of its people."""
        random = self._random
        others = self._feeds[1:] if random.random() < 0.7 else ()
        now = start
        while others and (now := now + random.randint(1, 25) * SECOND) < end:
            if random.random() < 0.5:
                yield from self._heartbeats(now, others)
            else:
                state = random.choice(["aux", "available", "offline"])
                yield self._state(now, random.randrange(self._heads), state, others[0])

    def _act(self, now: int) -> Event:
        random = self._random
        kind, agent = random.random(), random.randrange(self._heads)
        if kind < 0.6:
            return self._state(now, agent, "aux")
        if kind < 0.75:
            return self._state(now, agent, random.choice(["available", "talking", "offline"]))
        if kind < 0.9:
            return self._call(now)
        return {"type": "heartbeat", "ts": now, "source": random.choice(self._feeds)}

    def _heartbeats(self, ts: int, feeds: tuple[str, ...]) -> Iterator[Event]:
        for feed in feeds:
            yield {"type": "heartbeat", "ts": ts, "source": feed}

    def _call(self, ts: int) -> Event:
        """Of a few calls that wait, move from one agent to another, and come back."""
        random = self._random
        phase = random.choice(["offered", "offered", "offered", "abandoned", "answered", "ended"])
        name, source = f"c{random.randrange(7)}", random.choice(self._feeds)
        event = {"type": "call", "ts": ts, "call": name, "phase": phase, "source": source}
        if phase in ("answered", "ended"):
            event["agent"] = f"a{random.randrange(self._heads)}"
        return event

    def _snapshot(self, ts: int) -> Event:
        """A feed is back: it names most of those it knows."""
        names = [f"a{agent}" for agent in range(self._heads) if self._random.random() < 0.9]
        return {"type": "snapshot", "ts": ts, "source": self._feeds[0], "agents": names}

    def _state(self, ts: int, agent: int, name: str, feed: str | None = None) -> Event:
        feed = feed or self._feeds[agent % len(self._feeds)]
        team = self._teams[agent // 2 % 3 % len(self._teams)]
        return {"type": "state", "ts": ts, "agent": f"a{agent}", "team": team, "state": name,
                "source": feed}  # fmt: skip
