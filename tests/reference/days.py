"""Days of a floor or two with nights between, feeds that fail, and clocks that are wrong."""

from collections import Counter
from random import Random
from typing import Final, NamedTuple

from stream.events.language import State
from stream.spec import LocalSpan, PoolSpec, ShiftSpec, SourceSpec, Spec
from tests.reference.cases import at
from tests.reference.drawn_calls import Desk, drawn_call
from tests.reference.history import History, greatest
from tests.reference.records import Event, Record, instant, ranked
from tests.reference.rules import DAY, HOUR, MINUTE, SECOND, Member, Rules

STARTS: Final = {
    "Europe/Berlin": ("2026-03-28T22:55:00", "2026-10-24T23:55:00", "2026-03-02T06:55:00"),
    "America/New_York": ("2026-03-08T06:50:00", "2026-11-01T05:50:00"),
    "Australia/Lord_Howe": ("2026-04-04T14:50:00", "2026-10-03T15:20:00"),
    "UTC": ("2026-02-28T23:55:00", "2026-03-02T13:57:30"),
}
"""Shortly before changes of the clock, midnights and shift edges."""
NIGHTS: Final = (
    7 * MINUTE, 40 * MINUTE, 10 * HOUR, 14 * HOUR, 26 * HOUR, 3 * DAY, 30 * DAY,
)  # fmt: skip
SPANS: Final = (LocalSpan(0, 120), LocalSpan(120, 180), LocalSpan(420, 900), LocalSpan(900, 1380))
AGENTS: Final = {
    "ann": "pbx-a", "bob": "pbx-a", "cid": "pbx-b", "äöü ☎": "pbx-b", "eve": "pbx-a",
}  # fmt: skip
ROSTER: Final = (
    Member("ann", "blue", "main"),
    Member("cid", "red", "help"),
    Member("gil", "blue", "main"),
)
MOVED: Final = (
    Member("ann", "red", "help"),
    Member("cid", "blue", "main"),
    Member("gil", "red", "help"),
)
"""The same agents, each in the other team."""
SPECS: Final = (
    (SourceSpec(),),
    (SourceSpec("pbx-b", 60_000, 1_000), SourceSpec()),
    (SourceSpec("pbx-b", 5_000, 1, {State.aux: 2 * MINUTE}, 0), SourceSpec()),
    (SourceSpec(heartbeat_ms=None),),
)
SHIFTS: Final = ((), (ShiftSpec(SPANS),), (ShiftSpec(SPANS, team="red"),))
GOOD, LOST, BUFFERED, DEAD = "good", "lost", "buffered", "dead"


class Sent(NamedTuple):
    """An event and when it arrives."""

    arrival: int
    stamp: int
    event: Event


def drawn_rules(random: Random, zone: str) -> Rules:
    pools = (
        PoolSpec(zone=zone, open=random.choice([(), (), (LocalSpan(420, 1320),)])),
        PoolSpec(name="help", zone="Asia/Kolkata"),
    )
    spec = Spec(
        sources=random.choice(SPECS),
        pools=pools if random.random() < 0.7 else pools[::-1],
        shifts=random.choice(SHIFTS),
        event_clock=random.random() < 0.5,
    )
    ring_all = frozenset({"main"}) if random.random() < 0.3 else frozenset[str]()
    roster = random.choice([(), (), ROSTER, ROSTER, MOVED])
    return Rules(spec, roster, ring_all)


class Drawing:
    """Writes down what happens on some days."""

    def __init__(self, random: Random, start: int) -> None:
        self._random = random
        self._now = start
        self._sent: list[Sent] = []
        self._calls = 0
        self._dead: set[str] = set()
        self._jitter = random.choice([0, 0, 20 * SECOND])
        # Nothing jumps where the broker gives the stamps.
        self._appended = random.random() < 0.15
        self._floors = {"pbx-b": "annex"} if random.random() < 0.2 else {}
        self.kinds: Counter[str] = Counter(["days"])

    def records(self) -> tuple[Record, ...]:
        """Days with nights between."""
        random = self._random
        for day in range(random.choice([1, 2, 2, 3])):
            if day:
                self._now += random.choice(NIGHTS)
            self._draw_day(self._now + random.randint(6, 14) * MINUTE)
        if random.random() < 0.35 and not self._appended:
            self._add_wrong_years()
        self._end()
        return tuple(self._records())

    # -- a day

    def _draw_day(self, end: int) -> None:
        random, start = self._random, self._now
        events: dict[str, list[Event]] = {"pbx-a": [], "pbx-b": []}
        for source, own in events.items():
            step = random.choice([20, 30]) * SECOND
            beating = random.random() < 0.9
            own += [self._beat(source, ts) for ts in range(start, end + 1, step) if beating]
        while self._now < end:
            for event in self._act():
                events[event["source"]].append(event)
            self._now += random.choice([0, 0, 1, *(random.randint(0, 40 * SECOND),) * 4])
        for source, own in events.items():
            if source not in self._dead:
                self._feed(source, sorted(own, key=instant), start, end)
        if random.random() < 0.2:
            self._add_fast_clock(start, end)
        self._now = end

    def _beat(self, source: str, ts: int) -> Event:
        return {"type": "heartbeat", "ts": ts, "source": source}

    def _act(self) -> list[Event]:
        random, now = self._random, self._now
        chance = random.random()
        if chance < 0.2:
            return self._call()
        if chance < 0.26:
            waiting = {"waiting": random.randint(0, 4), "oldest_wait_s": random.randint(0, 60)}
            return [{"type": "queue", "ts": now, "source": "pbx-b", "pool": "help"} | waiting]
        agent = random.choice(list(AGENTS))
        source = AGENTS[agent] if random.random() < 0.85 else random.choice(["pbx-a", "pbx-b"])
        names = [state.name for state in State]
        rows = [self._state(agent, source, random.choice([*names, names[1], names[1]]))]
        if random.random() < 0.15:
            rows.append(self._state(agent, source, random.choice(names)))
        return rows

    def _state(self, agent: str, source: str, name: str) -> Event:
        random = self._random
        event = {"type": "state", "ts": self._now, "agent": agent, "source": source, "state": name}
        if random.random() < 0.6:
            event["team"] = random.choice(["blue", "blue", "red"])
        if random.random() < 0.1:
            event["sync"] = True
        if name == "ringing" and random.random() < 0.6:
            event["call"] = f"c{max(0, self._calls - random.randint(0, 2))}"
        return event

    def _call(self) -> list[Event]:
        random = self._random
        again = self._calls > 2 and random.random() < 0.25
        self._calls += not again
        name = f"c{random.randint(1, self._calls)}" if again else f"c{self._calls}"
        desk = Desk(tuple(random.sample(list(AGENTS), 2)), ("main", "help"))
        source = random.choice(["pbx-a", "pbx-b"])
        kind, events = drawn_call(random, desk, name, self._now, source)
        self.kinds[kind] += 1
        self.kinds["id_again"] += again
        return events

    # -- feeds and clocks

    def _feed(self, source: str, events: list[Event], start: int, end: int) -> None:
        """Send a day of one source as well as its feed lets it."""
        random = self._random
        mode = random.choice([GOOD] * 6 + [LOST, LOST, BUFFERED, DEAD])
        cut = random.randint(start, end)
        back = end + MINUTE if mode == DEAD else min(end, cut + random.randint(1, 6) * MINUTE)
        self.kinds[f"{mode}_feed"] += 1
        if mode == DEAD:
            self._dead.add(source)
        for number, event in enumerate(events):
            ts = instant(event)
            if mode in (LOST, DEAD) and cut <= ts < back:
                continue
            arrival = ts + random.randint(0, self._jitter)
            if mode == BUFFERED and ts >= cut:
                # What was kept comes oldest first, before anything newer.
                arrival = max(arrival, back + number)
            self._sent.append(Sent(arrival, ts + random.randint(0, 300), event))
        if mode == LOST and random.random() < 0.6:
            named = random.sample([*AGENTS, "fay"], random.randint(1, 5))
            event = {"type": "snapshot", "ts": back, "source": source, "agents": named}
            self._sent.append(Sent(back, back, event))
            self.kinds["snapshot"] += 1

    def _add_fast_clock(self, start: int, end: int) -> None:
        """A source whose clock, and so the stamps of whose records, are ahead."""
        self.kinds["fast_clock"] += 1
        ahead = self._random.choice([4, 58, 3 * 60]) * MINUTE
        for ts in range(start + self._random.randint(0, 3) * MINUTE, end, 30 * SECOND):
            event = self._beat("pbx-fast", ts + ahead)
            self._sent.append(Sent(ts, ts + ahead, event))
        row = {"type": "state", "agent": "eve", "state": "talking", "source": "pbx-fast"}
        self._sent.append(Sent(end, end + ahead, {**row, "ts": end + ahead}))

    def _add_wrong_years(self) -> None:
        self.kinds["wrong_year"] += 1
        for sent in self._random.sample(self._sent[:-5], min(3, len(self._sent[:-5]))):
            ts = instant(sent.event) + self._random.choice([365 * DAY, 2 * DAY, 11 * MINUTE])
            event = {**sent.event, "ts": ts}
            self._sent.append(Sent(sent.arrival + 1, ts, event))

    def _end(self) -> None:
        """Signs of life of all sources that are not dead, so that every true jump is confirmed."""
        end = max(one.arrival for one in self._sent)
        for number in range(8):
            for source in sorted({"pbx-a", "pbx-b"} - self._dead):
                ts = end + number * 30 * SECOND
                self._sent.append(Sent(ts, ts, self._beat(source, ts)))

    def _records(self) -> list[Record]:
        """Events of one source that arrive together may share a record."""
        groups: list[list[Sent]] = []
        for one in sorted(self._sent, key=lambda sent: sent.arrival):
            last = groups[-1] if groups else []
            mate = last and last[0].event["source"] == one.event["source"] and len(last) < 3
            if mate and (self._random.random() < 0.3 or last[-1].event["ts"] == one.event["ts"]):
                last.append(one)
            else:
                groups.append([one])
        return [
            Record(
                tuple(ranked([self._placed(one.event) for one in group])),
                group[-1].arrival if self._appended else max(one.stamp for one in group),
                self._appended,
            )
            for group in groups
        ]

    def _placed(self, event: Event) -> Event:
        """The event on the floor of its source."""
        floor = self._floors.get(event["source"])
        return event if floor is None else {**event, "floor": floor}


def days_of(random: Random, seed: str) -> History:
    """A history of one to three days."""
    zone = random.choice(list(STARTS))
    start = at(random.choice(STARTS[zone]))
    rules, drawing = drawn_rules(random, zone), Drawing(random, start)
    records = drawing.records()
    end = greatest(records[-2:])
    looks = (end, end + random.choice([1, 45 * SECOND, 20 * MINUTE, 25 * HOUR]))
    return History(rules, records, looks, seed, drawing.kinds)
