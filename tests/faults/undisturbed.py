"""The same records in one process, without any fault: what a worker must have come to."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple
from zlib import crc32

from stream.control.alerts.messages import messages
from stream.control.model import Transition
from stream.dlq.dead_letters import Origin, make_dead_letters, make_refused_dead_letters
from stream.events.decode import decode
from stream.events.partition import Route
from stream.notify.notice import body_of
from stream.notify.notice import key_of as step_of
from stream.render.views import format_views
from stream.roster import NO_ROSTER
from stream.shard import Shard
from stream.spec import Spec
from stream.store import keys
from stream.windows.closing.archive import encode
from tests.faults.calls import Fields
from tests.faults.log import Logged
from tests.faults.truth import Truth

LANGUAGE = "zh"
AT_ONCE = 2_000
"""Records between two steps: control's work grows with the square of the calls in one."""


DeadLetterKey = tuple[bytes, int]
"""Key and checksum of the value: where a log was made again, two may have one key."""


class Step(NamedTuple):
    """A transition of an alert, as the audit topic must hold it."""

    key: str
    floor: str
    body: bytes


def key_of(key: bytes | None, value: bytes | None) -> DeadLetterKey:
    """By which dead letters are compared."""
    return key or b"", crc32(value or b"")


class Undisturbed:
    """One shard, and one independent computation, for each partition."""

    def __init__(self, spec: Spec, topic: str, partitions: int) -> None:
        self._spec, self._topic = spec, topic
        self._shards = {p: Shard(spec) for p in range(partitions)}
        self._truths = {p: Truth(spec) for p in range(partitions)}
        self.records = 0
        self.dead_letters: dict[DeadLetterKey, int] = {}
        """The events of each dead letter."""
        self.steps: set[Step] = set()
        self.hours: dict[tuple[int, str, int], bytes] = {}
        """By partition, floor and start: what must be archived of each sealed hour."""
        self._hours_of_logs: dict[tuple[int, str, int], bytes] = {}
        """Those that can be computed from the logs as they are."""

    def take(self, records: Iterable[Logged]) -> None:
        """Take in what is new in the topic."""
        held: dict[int, list[Logged]] = defaultdict(list)
        for record in records:
            self._truths[record.partition].take(record.value, record.time_ms)
            held[record.partition].append(record)
            if len(held[record.partition]) == AT_ONCE:
                self._push(record.partition, held.pop(record.partition))
        for partition, rest in held.items():
            self._push(partition, rest)

    def restart(self, partitions: Iterable[int], *, abandons: bool) -> None:
        """Compute partitions anew, from the records that are taken in from now on.

        What was decided and archived before stays so.

        Args:
            partitions: which.
            abandons: whether alerts that are active end as no longer known.
        """
        for partition in partitions:
            if abandons:
                state = self._shards[partition].control_state()
                restored = Shard.restore(self._spec, NO_ROSTER, {}, state)
                self._add_steps(restored.control.abandon())
            self._shards[partition] = Shard(self._spec)
            self._truths[partition] = Truth(self._spec)
            for key in [key for key in self._hours_of_logs if key[0] == partition]:
                del self._hours_of_logs[key]

    def forget_archive(self) -> None:
        """All is gone but what can be computed from the logs."""
        self.hours = dict(self._hours_of_logs)

    def _push(self, partition: int, records: list[Logged]) -> None:
        shard = self._shards[partition]
        values = [record.value for record in records]
        times_ms, offsets = [r.time_ms for r in records], [r.offset for r in records]
        route = Route(partition, len(self._shards))
        decoded = decode(values, times_ms, shard.names, route, offsets=offsets)
        late = shard.push(decoded.batch)
        origin = Origin(self._topic, partition)
        for dead_letter in (
            *make_dead_letters(origin, values, offsets, decoded.rejected, late),
            *make_refused_dead_letters(origin, shard.take_refused()),
        ):
            self.dead_letters[key_of(dead_letter.key, dead_letter.value)] = dead_letter.events
        self._add_steps(shard.step(shard.watermark_ms))
        for hour in shard.take_sealed():
            key = partition, hour.floor, hour.start_ms
            self._hours_of_logs[key] = encode(hour)
            self.hours.setdefault(key, self._hours_of_logs[key])  # an archived hour stays
        self.records += len(records)

    def _add_steps(self, steps: Iterable[Transition]) -> None:
        for step in steps:
            self.steps.add(Step(step_of(step), step.floor, body_of(step, messages, LANGUAGE)))

    def views(self) -> dict[str, dict[str, str]]:
        """All views, by their keys in the store."""
        return {
            keys.view(view): fields
            for partition, shard in self._shards.items()
            if shard.as_of_ms > 0
            for view, fields in format_views(shard.figures()).items()
        }

    def truth(self) -> dict[tuple[str, str, str], Fields]:
        """What the views must hold by the independent computation."""
        found: dict[tuple[str, str, str], Fields] = {}
        for truth in self._truths.values():
            if truth.watermark_ms:
                found |= truth.figures(truth.watermark_ms)
        return found
