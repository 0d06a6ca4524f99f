"""The partition of a floor: murmur2 of its name, as in Java's default partitioner."""

from dataclasses import dataclass

_MASK = 0xFFFFFFFF
_M = 0x5BD1E995


def murmur2(data: bytes) -> int:
    """32-bit MurmurHash2 with Kafka's seed, unsigned.

    Source: Austin Appleby's MurmurHash2; seed 0x9747b28c as in Kafka's Utils.murmur2.
    """
    length = len(data)
    h = (0x9747B28C ^ length) & _MASK
    for at in range(0, length - 3, 4):
        k = int.from_bytes(data[at : at + 4], "little") * _M & _MASK
        k ^= k >> 24
        h = (h * _M & _MASK) ^ (k * _M & _MASK)
    tail = data[length & ~3 :]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * _M & _MASK
    h = (h ^ (h >> 13)) * _M & _MASK
    return h ^ (h >> 15)


def partition_of(floor: str, partitions: int) -> int:
    """The partition of a floor's records among `partitions`."""
    return (murmur2(floor.encode()) & 0x7FFFFFFF) % partitions


@dataclass(frozen=True, slots=True)
class Route:
    """The partition of some records, and how many there are: other floors' events are misrouted."""

    partition: int
    partitions: int

    def stray(self, floor: str) -> str:
        """Why a floor's records are misrouted; empty if they are not."""
        home = partition_of(floor, self.partitions)
        if home == self.partition:
            return ""
        return (
            f"floor {floor!a} belongs to partition {home} of {self.partitions}, the record stands "
            f"in {self.partition}; set the producer's partitioner to murmur2"
        )
