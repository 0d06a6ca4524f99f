"""What befalls the input: records that cannot be read, and a backlog."""

from random import Random
from typing import Final

from stream.units import MINUTE_MS
from tests.faults.fault import named
from tests.faults.held import PARTITIONS
from tests.faults.rig import Rig

POISON: Final[tuple[bytes | None, ...]] = (
    None,
    b"",
    b"{",
    b"17",
    b'{"type":"\xff"}',
    b"[" * 10_000,
    b'{"type":"state","agent":"a","floor":"floor-01","state":"dancing","ts":1772445600000}',
    b'{"type":"weather","floor":"floor-01","ts":1772445600000}',
    b'{"type":"heartbeat","floor":"floor-01","source":"pbx-01","ts":0}',
)


@named("poison")
def poison(rig: Rig, rng: Random) -> None:
    """What cannot be read, among the others."""
    rig.pump.send([(rng.randrange(PARTITIONS), rng.choice(POISON)) for _ in range(200)])
    rig.struck()


@named("backlog-of-10-minutes")
def backlog(rig: Rig, _rng: Random) -> None:
    """All workers are down while ten minutes of events come, and find them at once."""
    running = rig.running
    for number in running:
        rig.kill(number)
    rig.pump.jump(10 * MINUTE_MS)
    for number in running:
        rig.start(number)
    rig.struck()
