"""Sources that come and go for days, in the engine and in the reference."""

from random import Random

from stream.spec import Spec
from stream.windows.sources import UNSEEN_MS
from tests.reference.admission import Admission
from tests.reference.cases import TEN
from tests.reference.engine import Engine
from tests.reference.records import Record
from tests.reference.rules import DAY, HOUR, MINUTE, SECOND, Rules

STEPS = (0, SECOND, *(MINUTE,) * 4, *(20 * MINUTE,) * 3, 5 * HOUR, 23 * HOUR, 30 * HOUR)
LAGS = (0, 0, 0, MINUTE, 5 * MINUTE, 5 * MINUTE + 1, 25 * MINUTE, 3 * HOUR, DAY, DAY + 1)
SOURCES = ("pbx-a", "pbx-b", "pbx-c")
RULES = Rules(Spec(event_clock=True))


def drawn(random: Random) -> list[Record]:
    """Heartbeats of three sources that come and go; the broker gives the stamps."""
    records, now, spoken = list[Record](), TEN, list(SOURCES)
    for _ in range(random.randint(40, 90)):
        now += random.choice(STEPS)
        if random.random() < 0.1:
            spoken = random.sample(SOURCES, random.randint(1, 3))
        ts = now - random.choice(LAGS)
        event = {"type": "heartbeat", "source": random.choice(spoken), "ts": ts}
        records.append(Record((event,), now, appended=True))
    return records


def _marks_of(engine: Engine) -> dict[str, int]:
    names, sources = engine.shard.names, engine.shard.engine.sources
    return {
        name: int(sources.watermark_ms[number])
        for number, (_, name) in enumerate(names.sources.keys)
        if sources.known[number]
    }


def check_retired_sources(seeds: int) -> None:
    """Both decide the same for so many seeds."""
    for seed in range(seeds):
        check_retired(seed)


def check_retired(seed: int) -> None:
    """What is late, and how far sources and hours have come, one by one and in batches."""
    random = Random(seed)
    records = drawn(random)
    truth, single, batched = Admission(RULES), Engine(RULES), Engine(RULES)
    start = 0
    while start < len(records):
        some = records[start : start + random.choice([1, 3, 10, 40])]
        start += len(some)
        batched.push(some)
        for one in some:
            truth.push(one)
            single.push([one])
        floor = truth.floors["main"]
        marks = {name: source.mark for name, source in floor.sources.items()}
        refused = [(one.place[0], one.reason.value) for one in truth.refused]
        for engine in (single, batched):
            assert sorted(engine.refused.elements()) == refused
            assert _marks_of(engine) == marks
            sealed = int(engine.shard.engine.seals.sealed_ms[0])
            assert sealed == (UNSEEN_MS if floor.sealed is None else floor.sealed)
