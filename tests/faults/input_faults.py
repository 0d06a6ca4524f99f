"""What befalls the input: records that cannot be read, a backlog, a source that fell silent."""

import time
from random import Random
from typing import Final

from stream.units import MINUTE_MS, SECOND_MS
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


@named("source-silent-15-minutes")
def source_silent(rig: Rig, _rng: Random) -> None:
    """One of two sources of a floor says nothing for 15 minutes, then all at once."""
    rig.pump.hold_source()
    until_ms = rig.pump.traffic.until_ms + 15 * MINUTE_MS
    for _ in range(15):  # in steps, so that the workers see it silent
        rig.pump.jump((until_ms - rig.pump.traffic.until_ms) // 3)
        time.sleep(0.2)
    rig.pump.jump(max(0, until_ms - rig.pump.traffic.until_ms) + SECOND_MS)
    rig.pump.free_source()
    rig.struck()
