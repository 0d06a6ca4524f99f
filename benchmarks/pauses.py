"""How long the scripts hold Redis up, by Redis' own slow log, while floors are live.

The log has the time by the clock: on a busy machine a call may seem slow that only had to wait.
But the same call (a view's, a commit's, a part's of the snapshot) comes again in each round, and
what is slow by what it does is slow each time. So of each the median counts, and the greatest of
these.
"""

import asyncio
import os
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import get_args

import redis
from crowd import Crowd, template
from paced_shard import Times, live

from stream.render.views import field_formats
from stream.shard import Shard
from stream.spec import Spec
from stream.store.scripts import ScriptName, script
from stream.units import MINUTE_MS

WARM_MS = 20 * MINUTE_MS
SNAPSHOT_S = 5
_ALL = 10_000_000
_FIRST = -20


@dataclass(frozen=True, slots=True)
class Pause:
    """How long one script takes."""

    script: str
    calls: int
    slowest_ms: float
    """The median of the call that is slowest by it."""
    outlier_ms: float
    """The slowest call of all."""


def pauses(agents: int, floors: int, url: str, seconds: int) -> list[Pause]:
    """Let so many seconds pass live, with a snapshot now and then; the slowest first."""
    crowd = Crowd(template(agents // floors), floors)
    with redis.Redis.from_url(url) as client:
        log = _Log(client)
        asyncio.run(_live(crowd, url, seconds, log))
    return sorted(map(_pause, log.called()), key=lambda pause: -pause.slowest_ms)


def _pause(of_script: tuple[str, dict[str, list[float]]]) -> Pause:
    name, times_ms = of_script
    every = [ms for of_call in times_ms.values() for ms in of_call]
    return Pause(name, len(every), max(map(median, times_ms.values())), max(every))


async def _live(crowd: Crowd, url: str, seconds: int, log: "_Log") -> None:
    async for _ in live(crowd, url, Times(WARM_MS, seconds, SNAPSHOT_S), log.read):
        pass


class _Log:
    """The times of all calls, by script and by what they are called for."""

    def __init__(self, client: redis.Redis) -> None:
        with suppress(PermissionError):  # only root may let it go before others
            os.setpriority(os.PRIO_PROCESS, client.info("server")["process_id"], _FIRST)
        client.config_set("slowlog-max-len", _ALL)
        client.config_set("slowlog-log-slower-than", 0)
        self._client = client
        fields = field_formats(Shard(Spec()).figures())
        names: tuple[ScriptName, ...] = get_args(ScriptName)
        made = {name: script(name, fields if name == "view" else ()) for name in names}
        self._name_of = {one.digest: name for name, one in made.items()}
        self.times_ms: dict[str, dict[str, list[float]]] = {
            name: defaultdict(list) for name in names
        }

    def called(self) -> list[tuple[str, dict[str, list[float]]]]:
        """The scripts that were called, with their times."""
        return [(name, times_ms) for name, times_ms in self.times_ms.items() if times_ms]

    def read(self, _kind: str) -> None:
        """Take what was logged since the last call."""
        for entry in self._client.slowlog_get(_ALL):
            words = entry["command"].decode(errors="replace").split(" ")
            name = self._name_of.get(words[1]) if words[0] == "EVALSHA" else None
            if name is not None:  # what scripts call is logged too
                key = words[2 + int(words[2])]
                call = key.split(":part:")[-1].split(":")[0] if name == "put" else key
                self.times_ms[name][call].append(entry["duration"] / 1_000)
        self._client.slowlog_reset()
