"""Events that no figure may hold: of a team that exists in no truth.

A worker that counts one of them shows a view that must not be there.
"""

from collections.abc import Iterable, Iterator

import orjson

from stream.events.partition import partition_of
from tests.faults.held import PARTITIONS
from tests.faults.rig import Rig

TEAM = "ghosts"


def floor_of(rig: Rig, partition: int) -> str:
    """An orderly floor of a partition; each partition has some."""
    names = (f"floor-{number:02d}" for number in range(1, rig.setup.mix.orderly + 1))
    return next(name for name in names if partition_of(name, PARTITIONS) == partition)


def ghosts(rig: Rig, count: int, partitions: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """So many events for each partition, each of another agent, at the present of the floors."""
    for partition in partitions:
        floor = floor_of(rig, partition)
        for number in range(1, count + 1):
            event = {
                "type": "state",
                "ts": rig.pump.traffic.until_ms,
                "floor": floor,
                "source": floor.replace("floor", "pbx"),
                "seq": number,
                "agent": f"ghost-{number}",
                "team": TEAM,
                "state": "available",
            }
            yield partition, orjson.dumps(event)
