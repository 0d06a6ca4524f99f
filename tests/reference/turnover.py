"""A hundred days of floors on which agents, teams, pools and sources come and go."""

from itertools import pairwise
from random import Random
from typing import Final

from stream.spec import SourceSpec, Spec
from tests.reference.against import compare
from tests.reference.cases import TEN
from tests.reference.engine import Engine
from tests.reference.parts import PARTS
from tests.reference.records import Event, Record
from tests.reference.rules import DAY, HOUR, MINUTE, Member, Rules
from tests.reference.truth import Truth

DAYS: Final = range(0, 100, 2)
STATES: Final = ("available", "talking", "aux", "ringing", "offline")
PHASES: Final = ("offered", "answered", "ended", "abandoned", "callback_requested")
ROSTER: Final = (Member("a1", "blue", "main"), Member("a3", "red", "help"))


class _Drawing:
    """The events of one seed, in the order of time."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._agents = [f"a{number}" for number in range(8)]
        self._hired = len(self._agents)

    def records(self) -> list[Record]:
        found: list[tuple[int, Event]] = []
        for day in DAYS:
            self._turn_over()
            floors = ("north", "south") if day % 3 else ("north",)
            for hour in range(2):
                for floor in floors:
                    found += self._hour(floor, day, TEN + day * DAY + hour * HOUR)
        found.sort(key=lambda one: one[0])
        return [Record((event,), ts) for ts, event in found]

    def _turn_over(self) -> None:
        """Somebody new comes for another, or one who left comes back."""
        random = self._random
        place = random.randrange(len(self._agents))
        if random.random() < 0.4:
            self._agents[place] = f"a{self._hired}"
            self._hired += 1
        elif random.random() < 0.3:
            self._agents[place] = f"a{random.randrange(self._hired)}"

    def _hour(self, floor: str, day: int, start: int) -> list[tuple[int, Event]]:
        random = self._random
        sources = (f"pbx-{day // 30}", "gateway")
        drawn: list[Event] = [{"type": "heartbeat", "source": one} for one in sources]
        drawn += [self._state(day, random.choice(sources)) for _ in range(random.randint(1, 3))]
        if random.random() < 0.4:
            drawn.append(self._call(day))
        if random.random() < 0.1:
            waiting = random.randrange(3)
            drawn.append({"type": "queue", "waiting": waiting, "pool": f"q{day // 20}"})
        if random.random() < 0.1:
            agents = random.sample(sorted({*self._agents}), 3)
            drawn.append({"type": "snapshot", "agents": agents, "source": random.choice(sources)})
        times = [start + random.randrange(HOUR) for _ in drawn]
        return [
            (
                ts + random.randrange(2) * MINUTE,
                {"source": "gateway", "floor": floor, "ts": ts, **one},
            )
            for ts, one in zip(times, drawn, strict=True)
        ]

    def _state(self, day: int, source: str) -> Event:
        random = self._random
        event: dict[str, object] = {"type": "state", "seq": 0, "source": source}
        event |= {"agent": random.choice(self._agents), "state": random.choice(STATES)}
        if random.random() < 0.7:
            event["team"] = f"t{day // 40}-{random.randrange(2)}"
        return event

    def _call(self, day: int) -> Event:
        random = self._random
        event: dict[str, object] = {"type": "call", "call": f"c{day}-{random.randrange(3)}"}
        event["phase"] = random.choice(PHASES)
        if random.random() < 0.6:
            event["agent"] = random.choice(self._agents)
        if random.random() < 0.5:
            event["pool"] = f"p{day // 25}"
        return event


def check_turnover(seed: int) -> tuple[int, Engine]:
    """Engines in one life, in batches and restarted again and again say what the reference says.

    Returns how often names were forgotten, and the engine that was fed in batches.
    """
    random = Random(seed)
    records = _Drawing(random).records()
    sources = () if seed % 3 == 0 else (SourceSpec(heartbeat_ms=None),)
    spec = Spec(sources=sources, event_clock=True, archive=seed % 4 == 1)
    rules = Rules(spec, random.choice([(), ROSTER]))
    truth, single, batched, restarted = Truth(rules), *(Engine(rules) for _ in range(3))
    places = sorted({0, len(records), *random.sample(range(len(records)), 12)})
    read = {len(records), *random.sample(places[6:], 2)}
    for start, end in pairwise(places):
        some = records[start:end]
        truth.push(*some)
        for record in some:
            single.push([record])
        for engine in (batched, restarted):
            engine.push(some)
        for part in PARTS if end in read else ():
            compare(part, truth, [single, batched, restarted], truth.watermark)
        restarted.restart(rules)
        check_names(truth, [single, batched, restarted])
    return truth.forgotten, batched


def check_names(truth: Truth, engines: list[Engine]) -> None:
    """The engines have the names that the reference has."""
    known = truth.names.known(truth.admission.floors)
    for engine in engines:
        for kind, names in known.items():
            keys = {tuple(key) for key in getattr(engine.shard.names, kind).keys}
            assert keys == names, (kind, keys - names, names - keys)
