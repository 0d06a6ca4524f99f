"""The same records in one process, without any fault: what a worker must have come to."""

from collections import defaultdict
from collections.abc import Iterable

from stream.control.alerts.messages import messages
from stream.dlq.dead_letters import Origin, make_dead_letters
from stream.events.decode import decode
from stream.events.partition import Route
from stream.notify.notice import body_of
from stream.notify.notice import key_of as step_of
from stream.render.views import ViewWriter
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


class Undisturbed:
    """One shard, and one independent computation, for each partition."""

    def __init__(self, spec: Spec, topic: str, partitions: int) -> None:
        self._topic = topic
        self._shards = {p: Shard(spec) for p in range(partitions)}
        self._writers = {p: ViewWriter() for p in range(partitions)}
        self._truths = {p: Truth(spec) for p in range(partitions)}
        self.records = 0
        self.dead_letters: dict[bytes, int] = {}
        """By key: the events of each dead letter."""
        self.steps: dict[str, tuple[str, bytes]] = {}
        """By key: floor and document of each transition."""
        self.hours: dict[tuple[int, str, int], bytes] = {}
        """By partition, floor and start: what must be archived of each sealed hour."""

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

    def _push(self, partition: int, records: list[Logged]) -> None:
        shard = self._shards[partition]
        values = [record.value for record in records]
        times_ms, offsets = [r.time_ms for r in records], [r.offset for r in records]
        route = Route(partition, len(self._shards))
        decoded = decode(values, times_ms, shard.names, route)
        late = shard.push(decoded.batch)
        origin = Origin(self._topic, partition)
        for dead_letter in make_dead_letters(origin, values, offsets, decoded.rejected, late):
            self.dead_letters[dead_letter.key] = dead_letter.events
        for step in shard.step(shard.watermark_ms):
            self.steps[step_of(step)] = (step.floor, body_of(step, messages, LANGUAGE))
        for hour in shard.take_sealed():
            self.hours[partition, hour.floor, hour.start_ms] = encode(hour)
        self.records += len(records)

    def views(self) -> dict[str, dict[str, str]]:
        """All views, by their keys in the store."""
        return {
            keys.view(view): fields
            for partition, shard in self._shards.items()
            if shard.as_of_ms > 0
            for view, fields in self._writers[partition].views(shard.figures()).items()
        }

    def truth(self) -> dict[tuple[str, str, str], Fields]:
        """What the views must hold by the independent computation."""
        found: dict[tuple[str, str, str], Fields] = {}
        for truth in self._truths.values():
            if truth.watermark_ms:
                found |= truth.figures(truth.watermark_ms)
        return found
