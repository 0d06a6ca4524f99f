"""Which partition a floor lives in: murmur2 of its name, as Java's default partitioner does it."""

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
    """The partition that records came from, of how many: other floors are misrouted."""

    partition: int
    partitions: int

    def stray(self, floor: str) -> str:
        """Why a floor's records do not belong here; empty if they do."""
        home = partition_of(floor, self.partitions)
        if home == self.partition:
            return ""
        return (
            f"floor {floor!a} belongs to partition {home} of {self.partitions}, the record stands "
            f"in {self.partition}; set the producer's partitioner to murmur2"
        )
