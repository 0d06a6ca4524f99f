"""Drawn histories of a floor: days with nights between, feeds that fail, clocks that are wrong."""

from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final, NamedTuple

from stream.events.language import State
from stream.spec import LocalSpan, PoolSpec, ShiftSpec, SourceSpec, Spec
from tests.reference.truth.cases import at
from tests.reference.truth.drawn_calls import Desk, drawn_call
from tests.reference.truth.records import Event, Record, instant, ranked
from tests.reference.truth.rules import DAY, HOUR, MINUTE, SECOND, Member, Rules

STARTS: Final = {
    "Europe/Berlin": ("2026-03-28T22:55:00", "2026-10-24T23:55:00", "2026-03-02T06:55:00"),
    "America/New_York": ("2026-03-08T06:50:00", "2026-11-01T05:50:00"),
    "Australia/Lord_Howe": ("2026-04-04T14:50:00", "2026-10-03T15:20:00"),
    "UTC": ("2026-02-28T23:55:00", "2026-03-02T13:57:30"),
}
"""Shortly before changes of the clock, midnights and shift edges."""
NIGHTS: Final = (7 * MINUTE, 40 * MINUTE, 10 * HOUR, 14 * HOUR, 26 * HOUR, 3 * DAY)
SPANS: Final = (LocalSpan(0, 120), LocalSpan(120, 180), LocalSpan(420, 900), LocalSpan(900, 1380))
AGENTS: Final = {"ann": "pbx-a", "bob": "pbx-a", "cid": "pbx-b", "dan": "pbx-b", "eve": "pbx-a"}
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


@dataclass(frozen=True)
class History:
    """Records in order of arrival, and instants after the last at which figures are read."""

    rules: Rules
    records: tuple[Record, ...]
    looks: tuple[int, ...]
    seed: str
    kinds: Counter[str] = field(default_factory=Counter, compare=False)
    """What was put in on purpose."""
    changes: tuple[tuple[int, Rules], ...] = ()
    """Other rules before the record of this number."""

    def __repr__(self) -> str:
        lines = [f"  {record.stamp} {record.appended} {record.events}" for record in self.records]
        return "\n".join([f"History {self.seed}", f"{self.rules}", f"looks {self.looks}", *lines])


class Sent(NamedTuple):
    """An event and when it arrives."""

    arrival: int
    stamp: int
    event: Event


class Drawing:
    """Makes the history of a seed, without the kinds that can be left out and are not wanted."""

    def __init__(self, seed: str, without: frozenset[str]) -> None:
        self._seed = seed
        self._without = without
        self._random = random = Random(seed)
        zone = random.choice(list(STARTS))
        self._now = at(random.choice(STARTS[zone]))
        self._zone = zone
        self._rules = self._drawn_rules(zone)
        self._sent: list[Sent] = []
        self._calls = 0
        self._dead: set[str] = set()
        self._jitter = random.choice([0, 0, 20 * SECOND])
        # Nothing jumps where the broker gives the stamps.
        self._appended = random.random() < (0.15 if self._wanted("held") else 0.6)
        self.kinds: Counter[str] = Counter()

    def _drawn_rules(self, zone: str) -> Rules:
        random = self._random
        pools = (
            PoolSpec(zone=zone, open=random.choice([(), (), (LocalSpan(420, 1320),)])),
            PoolSpec(name="help", zone="Asia/Kolkata"),
        )
        spec = Spec(
            sources=random.choice(SPECS),
            pools=pools if random.random() < 0.7 else pools[::-1],
            shifts=random.choice(SHIFTS) if "shifts" not in self._without else (),
            event_clock=random.random() < 0.5,
        )
        ring_all = frozenset({"main"}) if random.random() < 0.3 else frozenset[str]()
        return Rules(spec, ROSTER if random.random() < 0.6 else (), ring_all)

    def history(self) -> History:
        """Days with nights between."""
        random = self._random
        for day in range(random.choice([1, 2, 2, 3])):
            if day:
                self._now += self._night()
            self._draw_day(self._now + random.randint(6, 14) * MINUTE)
        if random.random() < 0.35 and not self._appended and self._wanted("held"):
            self._add_wrong_years()
        self._end()
        records = tuple(self._records())
        end = max(instant(event) for record in records[-2:] for event in record.events)
        looks = (end, end + random.choice([1, 45 * SECOND, 20 * MINUTE, 25 * HOUR]))
        changes = self._changes(len(records))
        return History(self._rules, records, looks, self._seed, self.kinds, changes)

    def _wanted(self, kind: str) -> bool:
        return kind not in self._without

    def _night(self) -> int:
        """How long nothing happens between two days; next to nothing where that makes a kind."""
        night = self._random.choice(NIGHTS)
        if night > DAY and not (self._wanted("retired") and self._wanted("came_back")):
            night = NIGHTS[-3]
        jumps = self._wanted("held") or self._appended
        return night if self._wanted("gap") and jumps else SECOND

    def _changes(self, count: int) -> tuple[tuple[int, Rules], ...]:
        if self._random.random() < 0.85 or not self._wanted("rules_change"):
            return ()
        other = self._drawn_rules(self._zone)
        if self._wanted("calendar_change") and self._random.random() < 0.5:
            self.kinds["calendar_change"] += 1
        else:
            self.kinds["rules_change"] += 1
            other = changed(self._rules, other)
        return ((self._random.randrange(count), other),)

    # -- a day

    def _draw_day(self, end: int) -> None:
        random, start = self._random, self._now
        events: dict[str, list[Event]] = {"pbx-a": [], "pbx-b": []}
        for source, own in events.items():
            step = random.choice([20, 30]) * SECOND
            beating = random.random() < 0.9 or not self._wanted("late_heartbeat")
            own += [self._beat(source, ts) for ts in range(start, end + 1, step) if beating]
        while self._now < end:
            for event in self._act():
                events[event["source"]].append(event)
            self._now += random.choice([0, 0, 1, *(random.randint(0, 40 * SECOND),) * 4])
        for source, own in events.items():
            if source not in self._dead:
                self._feed(source, sorted(own, key=instant), start, end)
        if random.random() < 0.2 and self._wanted("held"):
            self._add_fast_clock(start, end)
        self._now = end

    def _beat(self, source: str, ts: int) -> Event:
        return {"type": "heartbeat", "ts": ts, "source": source}

    def _act(self) -> list[Event]:
        random, now = self._random, self._now
        chance = random.random()
        if chance < 0.2:
            return self._call()
        if chance < 0.26 and self._wanted("gauge"):
            waiting = {"waiting": random.randint(0, 4), "oldest_wait_s": random.randint(0, 60)}
            return [{"type": "queue", "ts": now, "source": "pbx-b", "pool": "help"} | waiting]
        agent = random.choice(list(AGENTS))
        source = AGENTS[agent] if random.random() < 0.85 else random.choice(["pbx-a", "pbx-b"])
        names = [state.name for state in State]
        if not self._wanted("ringing"):
            names.remove("ringing")
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
        again = self._calls > 2 and random.random() < 0.25 and self._wanted("id_again")
        self._calls += not again
        name = f"c{random.randint(1, self._calls)}" if again else f"c{self._calls}"
        desk = Desk(tuple(random.sample(list(AGENTS), 2)), ("main", "help"))
        source = random.choice(["pbx-a", "pbx-b"])
        kind, events = drawn_call(random, desk, name, self._now, source, self._without)
        self.kinds[kind] += 1
        self.kinds["id_again"] += again
        return events

    # -- feeds and clocks

    def _feed(self, source: str, events: list[Event], start: int, end: int) -> None:
        """Send a day of one source as well as its feed lets it."""
        random = self._random
        mode = random.choice([GOOD] * 6 + [LOST, LOST, BUFFERED, DEAD])
        if not self._wanted("gap"):
            mode = GOOD
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
        if mode == LOST and random.random() < 0.6 and self._wanted("snapshot"):
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
                tuple(ranked([one.event for one in group])),
                group[-1].arrival if self._appended else max(one.stamp for one in group),
                self._appended,
            )
            for group in groups
        ]


def changed(rules: Rules, other: Rules) -> Rules:
    """Other rules of sources, and agents in other teams, but the same calendars."""
    spec = replace(rules.spec, sources=other.spec.sources)
    return replace(rules, spec=spec, roster=MOVED if rules.roster else ())


def history_of(seed: str, without: frozenset[str] = frozenset()) -> History:
    """The history of a seed, in which certain kinds are left out, as far as that is easy."""
    return Drawing(seed, without).history()
