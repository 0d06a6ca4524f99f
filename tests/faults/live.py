"""The audit by the live clock: alerts are compared episode by episode, with a tolerance.

Live, the instant at which an alert is raised depends on when a worker evaluates, and a worker that
is down does not. So its episodes are held against those of one process that is never disturbed,
gets each record at Kafka's time stamp, and evaluates twice a second.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import orjson

from stream.agents.shard_clock import ShardClock
from stream.clock import wall_ms
from stream.control.alerts.messages import messages
from stream.control.episode import CLEAR_DWELL_MS
from stream.events.decode import decode
from stream.events.partition import Route
from stream.notify.notice import body_of
from stream.shard import Shard
from stream.spec import Spec
from stream.units import SECOND_MS, parse_instant_ms
from tests.faults.held import PARTITIONS
from tests.faults.log import Logged
from tests.faults.matrix import Run, befall, keep_if_wrong
from tests.faults.rig import Rig
from tests.faults.soak import FAULT_EVERY_S

TOLERANCE_MS: Final = 20 * SECOND_MS
"""The longest that nobody looks: an outage of 12 s, or a session of 6 s, and a take-over."""
END_TOLERANCE_MS: Final = TOLERANCE_MS + CLEAR_DWELL_MS
"""An alert clears when it has been calm for a minute; who missed a break in the calm is earlier."""
SETTLED_S: Final = 10.0
"""After the last fault, before the watch ends."""
LOOK_MS: Final = 500
PIECE: Final = 1_000
LANGUAGE: Final = "en"
Place = tuple[str, ...]
"""Floor, pool, team and detector."""


@dataclass(frozen=True)
class Episode:
    """An alert from its raise to its end."""

    id: str
    place: Place
    start_ms: int
    end_ms: int
    """Of the watch, if it was not over by then."""

    @property
    def is_long(self) -> bool:
        """Whether it is too long to have come and gone unseen."""
        return self.end_ms - self.start_ms > TOLERANCE_MS

    def is_like(self, other: "Episode") -> bool:
        """Whether both are the same, within the tolerance."""
        return (
            self.place == other.place
            and abs(self.start_ms - other.start_ms) <= TOLERANCE_MS
            and abs(self.end_ms - other.end_ms) <= END_TOLERANCE_MS
        )

    def __str__(self) -> str:
        lasted_s = (self.end_ms - self.start_ms) / 1_000
        return f"{'/'.join(self.place)} at {self.start_ms}, {lasted_s:.0f} s long"


def episodes(documents: Iterable[bytes], until_ms: int) -> list[Episode]:
    """The episodes that steps of alerts, in their order, describe."""
    steps: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for document in documents:
        step = orjson.loads(document)
        steps[step["id"]].append(step)
    return [_episode(name, held, until_ms) for name, held in steps.items()]


def _episode(name: str, steps: Sequence[Mapping[str, Any]], until_ms: int) -> Episode:
    place = tuple(steps[0][part] for part in ("floor", "pool", "team", "detector"))
    last = max(steps, key=lambda step: str(step["at"]))
    end_ms = parse_instant_ms(last["ends_at"]) if last["ends_at"] else until_ms
    return Episode(name, place, parse_instant_ms(steps[0]["starts_at"]), end_ms)


def undisturbed_live(
    spec: Spec, partitions: int, records: Sequence[Logged], began_ms: int, until_ms: int
) -> Iterator[bytes]:
    """Steps of alerts as one process decides them that is never disturbed.

    Args:
        spec: as the workers have it.
        partitions: of the topic.
        records: all of the topic, by partition in their order.
        began_ms: what Kafka held by then is a backlog.
        until_ms: the last look.
    """
    for partition in range(partitions):
        held = [record for record in records if record.partition == partition]
        yield from _watch(Shard(spec), Route(partition, partitions), held, began_ms, until_ms)


def _watch(
    shard: Shard, route: Route, records: Sequence[Logged], began_ms: int, until_ms: int
) -> Iterator[bytes]:
    place, clock = 0, ShardClock(by_events=False, as_of_ms=None, now_ms=0)
    for now_ms in range(began_ms, until_ms, LOOK_MS):
        while place < len(records) and records[place].time_ms <= now_ms:
            chunk = [one for one in records[place : place + PIECE] if one.time_ms <= now_ms]
            place += len(chunk)
            times_ms = [one.time_ms for one in chunk]
            batch = decode([one.value for one in chunk], times_ms, shard.names, route).batch
            shard.push(batch)
            clock.observe(shard.engine.sources.take_counted(), now_ms)
            if not clock.live:
                yield from _steps(shard, shard.watermark_ms)
        clock.update(now_ms, at_end=True, kafka_answered=True)
        yield from _steps(shard, clock.as_of_ms(shard.watermark_ms, now_ms))


def _steps(shard: Shard, as_of_ms: int) -> Iterator[bytes]:
    for step in shard.step(as_of_ms):
        yield body_of(step, messages, LANGUAGE)


def unlike(wanted: Sequence[Episode], found: Sequence[Episode]) -> list[str]:
    """Episodes longer than the tolerance that only one of both has, or that are reported twice."""
    lines = []
    for one in wanted:
        alike = [other for other in found if one.is_like(other)]
        if one.is_long and len(alike) != 1:
            lines.append(f"{one}: reported {len(alike)} times")
    extra = (o for o in found if o.is_long and not any(o.is_like(one) for one in wanted))
    return lines + [f"{other}: must not be" for other in extra]


def run_live(rig: Rig, names: Sequence[str], seed: int, duration_s: float) -> Run:
    """Let a fault happen every half minute while events come as they happen; then compare."""
    rng, began_ms, began_s = Random(seed), wall_ms(), time.monotonic()
    steps = [rng.choice(names) for _ in range(round(duration_s / FAULT_EVERY_S))]
    run = Run(seed, tuple(steps), 2)
    befall(rig, rng, run, FAULT_EVERY_S)
    rig.pump.flow()
    rig.staff(2)
    rig.await_ready()
    time.sleep(SETTLED_S)
    rig.pump.pause()
    until_ms = wall_ms()
    expected = undisturbed_live(rig.spec, PARTITIONS, list(rig.events.read()), began_ms, until_ms)
    wanted = episodes(expected, until_ms)
    records = sorted((r for r in rig.control.read()), key=lambda record: record.time_ms)
    found = episodes((record.value or b"" for record in records), until_ms)
    run.differences += unlike(wanted, found) + decided_twice(records)
    run.took_s = time.monotonic() - began_s
    run.seen = (
        f"{len(wanted)} episodes, {sum(one.is_long for one in wanted)} of them longer than the "
        f"tolerance of {TOLERANCE_MS / 1_000:g} s, {len(records)} records of steps"
    )
    keep_if_wrong(rig, run)
    return run


def decided_twice(records: Iterable[Logged]) -> list[str]:
    """Steps that were delivered under one key in two ways."""
    bodies: dict[bytes, set[bytes]] = defaultdict(set)
    for record in records:
        bodies[record.key or b""].add(record.value or b"")
    return [f"step {key!r} was decided {len(b)} times" for key, b in bodies.items() if len(b) > 1]
