"""The engine, fed with records as a worker feeds it, and restarted as a worker restarts it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import orjson

from stream.events.decode import decode
from stream.roster import Assignment, Roster
from stream.shard import Shard
from stream.spec import ANY, Spec
from stream.windows.closing.archive import Hour
from tests.reference.history import History
from tests.reference.records import Record
from tests.reference.rules import Member, Rules


def spec_of(rules: Rules) -> Spec:
    """The configuration, in the words of the product."""
    spec, ring_all = rules.spec, rules.ring_all
    pools = [replace(pool, ring_all=pool.name in ring_all) for pool in spec.pools]
    further = sorted(ring_all - {pool.name for pool in pools})
    pools += [replace(spec.pool(ANY, name), name=name, ring_all=True) for name in further]
    return replace(spec, pools=tuple(pools))


def roster_of(members: Sequence[Member]) -> Roster:
    """The same of the roster."""
    lines: dict[str, list[Assignment]] = defaultdict(list)
    for one in members:
        lines[one.agent].append(Assignment(one.start, one.end, one.team))
    pools = {one.team: one.pool for one in members if one.pool}
    return Roster({agent: tuple(sorted(held, key=_start)) for agent, held in lines.items()}, pools)


def _start(one: Assignment) -> int:
    return one.from_ms


def _times(records: Sequence[Record]) -> list[int] | None:
    """Kafka's time stamps; None for a file that is read in the order of time."""
    stamps = [record.stamp for record in records if record.stamp is not None]
    return stamps if len(stamps) == len(records) else None


class Engine:
    """A shard, and everything that it has handed out."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.shard = Shard(spec_of(rules), roster_of(rules.roster))
        self.refused: Counter[tuple[int, str]] = Counter()
        """By number of the record and reason."""
        self.hours: list[Hour] = []
        self._records = self._stored = 0
        self._parts: dict[str, bytes] = {}

    def push(self, records: Sequence[Record]) -> None:
        """Decode and apply records as one batch."""
        values = [orjson.dumps(list(record.events)) for record in records]
        offsets = range(self._records, self._records + len(records))
        decoded = decode(
            values,
            _times(records),
            self.shard.names,
            appended=bytes(record.appended for record in records),
            offsets=offsets,
        )
        late = self.shard.push(decoded.batch)
        rejected = [*decoded.rejected, *self.shard.take_rejected()]
        found = [(offsets[one.record], one.reason.value) for one in rejected]
        found += [(offsets[one.record], one.reason.value) for one in late]
        found += [(one.offset, one.reason.value) for one in self.shard.take_refused()]
        self.refused.update(found)
        self.hours += self.shard.take_sealed()
        self._records += len(records)

    def store(self) -> None:
        """Store what has changed since the last time."""
        told = self.shard.snapshot()
        both = {**self._parts, **told.changed}
        self._parts = {name: both[name] for name in told.names}
        self._stored = self._records

    def restart(self, rules: Rules) -> None:
        """Go on from what is stored now, by other rules or the same ones."""
        self.store()
        self.rules = rules
        self.shard = self._restored()
        self.shard.resume()

    def twin(self, since: Sequence[Record]) -> "Engine":
        """Another engine, from what was stored last and the records that were pushed since."""
        twin = Engine(self.rules)
        twin.shard, twin._records = self._restored(), self._stored
        twin.push(since)
        twin.shard.resume()
        twin.refused, twin.hours = Counter(self.refused), list(self.hours)
        return twin

    def _restored(self) -> Shard:
        spec, roster = spec_of(self.rules), roster_of(self.rules.roster)
        return Shard.restore(spec, roster, self._parts, self.shard.control_state())


def play(history: History, stops: Iterable[int], *engines: Engine) -> Iterator[int]:
    """Push a history, restarting where its rules change; wait at these numbers of records.

    The first engine takes record by record, the others batches.
    """
    changes, waits = dict(history.changes), set(stops)
    for first, stop in pairwise(sorted({0, *changes, *waits})):
        for engine in engines:
            if first in changes:
                engine.restart(changes[first])
        records = history.records[first:stop]
        for engine in engines[1:]:
            engine.push(records)
        for record in records:
            engines[0].push([record])
        if stop in waits:
            yield stop
