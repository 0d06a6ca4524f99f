"""Small storms of wrong clocks, which the engine must weather as the naive admission does."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from random import Random

from stream.spec import SourceSpec, Spec
from stream.units import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tests.reference.admission import Admission
from tests.reference.cases import TEN
from tests.reference.engine import Engine
from tests.reference.marks import Arrival
from tests.reference.records import Event, Record
from tests.reference.rules import Rules

SOURCES = {
    "usual": (SourceSpec(),),
    "off": (SourceSpec(heartbeat_ms=None),),
    "both": (SourceSpec("a", heartbeat_ms=None), SourceSpec(heartbeat_ms=120_000)),
}
"""How sources may be configured."""


class Pair:
    """The engine and the naive admission, fed with the same records."""

    def __init__(self, spec: Spec) -> None:
        self.rules = Rules(spec)
        self.counted = 0
        self.naive = Admission(self.rules, self._count)
        self.engine = Engine(self.rules)

    def _count(self, _: Arrival) -> None:
        self.counted += 1

    def push(self, records: list[Record]) -> None:
        for record in records:
            self.naive.push(record)
        self.engine.push(records)
        self.compare()

    def compare(self) -> None:
        refused = Counter((one.place[0], one.reason.value) for one in self.naive.refused)
        assert self.engine.refused == refused
        shard = self.engine.shard
        assert shard.counts["accepted"] == self.counted
        holds = shard.engine.jumps.holds
        for name, floor in self.naive.floors.items():
            for source in floor.sources.values():
                held = holds.get((name, source.name))
                assert [one.ts for one in source.held] == (
                    [] if held is None else [one.ts_ms for one in held.events]
                )
                assert source.out == ((name, source.name) in shard.engine.jumps.out)
        assert shard.watermark_ms == max(
            floor.greatest for floor in self.naive.floors.values() if floor.greatest is not None
        )


STEPS = (
    *(0,) * 6, *(5 * SECOND_MS,) * 4, *(30 * SECOND_MS,) * 4, 90 * SECOND_MS, 4 * MINUTE_MS,
    6 * MINUTE_MS, 11 * MINUTE_MS, 58 * MINUTE_MS, 3 * HOUR_MS, 14 * HOUR_MS, 23 * HOUR_MS,
)  # fmt: skip


class Storm:
    """Records of some sources with clocks of their own, which step and go back."""

    def __init__(self, seed: str) -> None:
        self._random = random = Random(seed)
        self._clock = dict.fromkeys(("a", "b", "c")[: random.randint(1, 3)], TEN)
        self._floors = ("main", "other") if random.random() < 0.3 else ("main",)
        self._is_file = random.random() < 0.15
        self._broker = 0.1 if random.random() < 0.3 else 0.0

    def records(self, count: int) -> list[Record]:
        return [self._record() for _ in range(count)]

    def _record(self) -> Record:
        random = self._random
        source = random.choice(list(self._clock))
        if random.random() < 0.25:
            self._clock[source] += random.choice(STEPS)
        elif random.random() < 0.05:
            self._clock[source] = min(self._clock.values())
        elif random.random() < 0.1:
            self._clock[source] = max(self._clock.values())
        self._clock[source] += random.randint(0, 20 * SECOND_MS)
        events = [self._event(source) for _ in range(random.choice([1, 1, 1, 2, 3]))]
        stamp = None if self._is_file else max(one["ts"] for one in events)
        return Record(tuple(events), stamp, not self._is_file and random.random() < self._broker)

    def _event(self, source: str) -> Event:
        random, ts = self._random, self._clock[source]
        if random.random() < 0.1:
            ts += random.choice([365 * DAY_MS, 10 * MINUTE_MS, -10 * MINUTE_MS, -4 * HOUR_MS])
        where = {"ts": ts, "source": source, "floor": random.choice(self._floors)}
        if random.random() < 0.4:
            return {"type": "heartbeat"} | where
        agent = f"x{random.randrange(6)}"
        return {"type": "state", "agent": agent, "state": random.choice(["aux", "acw"])} | where


def check(kind: str, seed: int) -> None:
    """In batches, and over restarts, what counts is what counts one by one."""
    storm, random = Storm(f"{kind} {seed}"), Random(f"cuts {kind} {seed}")
    records = storm.records(120)
    pair = Pair(replace(Spec(event_clock=True), sources=SOURCES[kind]))
    cuts = sorted(random.sample(range(1, len(records)), random.choice([0, 3, 20])))
    for first, last in pairwise([0, *cuts, len(records)]):
        pair.push(records[first:last])
        if random.random() < 0.2:
            pair.engine.restart(pair.rules)
            pair.compare()
    pair.naive.finish()
    shard = pair.engine.shard
    shard.refuse_held()
    pair.engine.refused.update((one.offset, one.reason.value) for one in shard.take_refused())
    pair.compare()
