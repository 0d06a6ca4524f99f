"""What Redis holds, read from aside."""

from typing import Any

from stream.store import keys
from stream.store.keys import ShardKey
from stream.store.manifest import from_text, piece_keys

PARTITIONS = 8


class Held:
    """What workers have written.

    Args:
        client: of the Redis.
        topic: of the events.
    """

    def __init__(self, client: Any, topic: str) -> None:
        self.client, self.topic = client, topic

    def shard(self, partition: int) -> str:
        """The key of a shard."""
        return keys.shard(ShardKey(self.topic, partition))

    def offsets(self) -> dict[int, int]:
        """By partition, the first record that the last commit does not contain."""
        return self._of_shards("offset")

    def epochs(self) -> dict[int, int]:
        """By partition, the epoch of its owner."""
        return self._of_shards("epoch")

    def _of_shards(self, field_name: str) -> dict[int, int]:
        pipeline = self.client.pipeline(transaction=False)
        for partition in range(PARTITIONS):
            pipeline.hget(self.shard(partition), field_name)
        return {p: int(found or 0) for p, found in enumerate(pipeline.execute())}

    def views(self, names: list[str]) -> dict[str, dict[str, str]]:
        """Views as stored, without the fields that guard them."""
        pipeline = self.client.pipeline(transaction=False)
        for name in names:
            pipeline.hgetall(name)
        return {
            name: {n.decode(): v.decode() for n, v in found.items() if not n.startswith(b"_")}
            for name, found in zip(names, pipeline.execute(), strict=True)
        }

    def view_keys(self) -> set[str]:
        """Keys of all views that there are."""
        kinds = ("team", "pool")
        return {key.decode() for k in kinds for key in self.client.scan_iter(f"floorwatch:{k}:*")}

    def pieces(self, partition: int) -> list[str]:
        """Keys of a partition's snapshot."""
        manifest = from_text(self.client.hget(self.shard(partition), "manifest"))
        shard = ShardKey(self.topic, partition)
        return [
            key for name, part in manifest.parts.items() for key in piece_keys(shard, name, part)
        ]

    def missing_pieces(self) -> list[str]:
        """What manifests name and is not there: it would be noticed when state is loaded."""
        wanted = []
        for partition in range(PARTITIONS):
            wanted += self.pieces(partition)
        held = self.client.pipeline(transaction=False)
        for key in wanted:
            held.exists(key)
        there = zip(wanted, held.execute(), strict=True)
        return [f"{key} is missing, and a manifest names it" for key, found in there if not found]

    def archived(self, places: list[tuple[int, str]]) -> dict[tuple[int, str, int], bytes]:
        """All archived hours of floors, by partition, floor and start."""
        listed = self.client.pipeline(transaction=False)
        for partition, floor in places:
            listed.zrange(keys.hours(ShardKey(self.topic, partition), floor), 0, -1)
        names = [
            (partition, floor, int(start))
            for (partition, floor), starts in zip(places, listed.execute(), strict=True)
            for start in starts
        ]
        held = self.client.pipeline(transaction=False)
        for partition, floor, start_ms in names:
            held.get(keys.hour(ShardKey(self.topic, partition), floor, start_ms))
        return dict(zip(names, held.execute(), strict=True))
