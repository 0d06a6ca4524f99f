"""A floor of this very moment, sent event by event, and a sink that receives its pages."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from stream.events.partition import partition_of
from stream.units import MINUTE_MS, SECOND_MS
from tests.notify.receiver import Receiver
from tests.real.reading import Record, produce
from tests.real.staging import PARTITIONS
from tests.real.working import Stage

HEADS = 10
LOGGED_IN_MS = 20 * MINUTE_MS
"""So long ago that the team's size is no news."""


def rules(sink: Receiver) -> str:
    """Each walk-out pages, at any time of day."""
    return (
        f'[[sink]]\nkind = "webhook"\nurl = "{sink.url}"\nseverity = ["page"]\n'
        '[[peak]]\npool = "*"\ntime = "00:00-00:00"\n[control]\ngate = false\n'
    )


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass
class LiveFloor:
    """A team of ten on a floor of its own."""

    stage: Stage
    name: str

    @property
    def partition(self) -> int:
        return partition_of(self.name, PARTITIONS)

    async def log_in(self, ago_ms: int = LOGGED_IN_MS) -> None:
        """All are free."""
        await self.say("available", range(HEADS), now_ms() - ago_ms)

    async def walk_out(self, ago_ms: int = 0) -> None:
        """Eight of ten go on a break within two seconds."""
        await self.say("aux", range(8), now_ms() - ago_ms, 250)

    async def come_back(self, ago_ms: int = 0) -> None:
        """All of them are free again."""
        await self.say("available", range(8), now_ms() - ago_ms, 250)

    async def beat(self) -> None:
        """The source lives."""
        await self._send([{"type": "heartbeat", "ts": now_ms()}])

    async def say(self, state: str, who: range, at_ms: int, apart_ms: int = 1) -> None:
        """These agents turn to a state, one shortly after the other, the last at an instant."""
        await self._send(
            [
                {
                    "type": "state",
                    "ts": at_ms - (len(who) - 1 - place) * apart_ms,
                    "agent": f"a-{number}",
                    "team": "team",
                    "state": state,
                }
                for place, number in enumerate(who)
            ]
        )

    async def _send(self, events: list[dict[str, Any]]) -> None:
        values = [orjson.dumps({**event, "floor": self.name}) for event in events]
        records = [Record(self.partition, value) for value in values]
        await produce(self.stage.brokers, self.stage.topic, records)

    def pages(self, sink: Receiver) -> list[str]:
        """Keys under which somebody was paged because of this team, in order, with repeats."""
        return [
            one.key
            for one in sink.seen
            if one.document["floor"] == self.name and one.document["status"] == "firing"
        ]


async def until(condition: Callable[[], Any], what: str, seconds: float = 30.0) -> float:
    """Wait until a condition holds, while the sink is served; return how long that took."""
    began_s = time.monotonic()
    while not condition():
        assert time.monotonic() - began_s < seconds, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.02)
    return time.monotonic() - began_s


async def passes(seconds: float, floors: list[LiveFloor]) -> None:
    """Time passes, and the sources live."""
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        for floor in floors:
            await floor.beat()
        await asyncio.sleep(min(5.0, max(0.0, until_s - time.monotonic())))


AGE_S_MAX = 5.0 + SECOND_MS / 1_000
"""Readers know that figures are stale when they are five seconds old; and a second to ask."""
