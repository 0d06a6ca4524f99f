"""Bytes a second to a real Redis while floors are live, by kind; Redis itself counts them."""

import asyncio
from collections import Counter
from dataclasses import dataclass

import redis
from crowd import LENGTH_MS, Crowd
from paced_shard import KINDS, Times, live

from stream.units import SECOND_MS

_INFO_BYTES = len(b"*2\r\n$4\r\nINFO\r\n$5\r\nstats\r\n")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes a second of event time, by kind."""

    events_per_s: float
    bytes_per_s: dict[str, float]

    @property
    def state_per_s(self) -> float:
        """Commits and snapshots."""
        return self.bytes_per_s["commits"] + self.bytes_per_s["snapshots"]


def traffic(crowd: Crowd, url: str, seconds: int) -> Traffic:
    """Let the last so many seconds of two hours pass live, and count."""
    return asyncio.run(_traffic(crowd, url, seconds))


async def _traffic(crowd: Crowd, url: str, seconds: int) -> Traffic:
    events = 0
    with redis.Redis.from_url(url) as client:
        meter = _Meter(client)
        times = Times(LENGTH_MS - seconds * SECOND_MS, seconds)
        async for batch in live(crowd, url, times, meter.count):
            events += len(batch)
    bytes_per_s = {kind: meter.total[kind] / seconds for kind in KINDS}
    return Traffic(events / seconds, bytes_per_s)


class _Meter:
    """What Redis has read, by what it was read for."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._last = 0
        self.total: Counter[str] = Counter()

    def count(self, kind: str) -> None:
        """All that was read since the last call was of this kind."""
        now = int(self._client.info("stats")["total_net_input_bytes"])
        self.total[kind] += now - self._last - _INFO_BYTES
        self._last = now
        if not kind:  # all so far was whole
            self.total.clear()
