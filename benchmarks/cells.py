"""Time in state by team and minute: what every contestant stores in Redis, compared by a hash."""

import asyncio
import hashlib
from pathlib import Path

import numpy as np
import redis
from peers.book import PREFIX, Book

from stream.config import load_settings
from stream.events.language import STATE_COUNT, State
from stream.roster import NO_ROSTER
from stream.shard import Shard
from stream.spec import Spec
from stream.store.keys import ShardKey
from stream.store.redis import RedisStore
from stream.units import MINUTE_MS
from stream.windows.panes import RING

Cells = dict[tuple[str, str, int, str], int]
"""Milliseconds by floor, team, minute and state; none is 0."""


def hash_of(cells: Cells) -> str:
    """64 bits of SHA-256, in hex, over all cells in order."""
    lines = (f"{'/'.join(map(str, key))}={cells[key]}\n" for key in sorted(cells))
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:16]


def cells_of(book: Book) -> Cells:
    """What a book holds."""
    return {
        (floor, team, minute, state): ms
        for (floor, team), held in book.teams.items()
        for (minute, state), ms in held.items()
    }


def read_peer(redis_url: str) -> Cells:
    """What a peer has stored."""
    cells: Cells = {}
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        for key in client.scan_iter(f"{PREFIX}*", count=1_000):
            floor, _, team = key.removeprefix(PREFIX).partition("/")
            for name, ms in client.hgetall(key).items():
                minute, _, state = name.partition(":")
                cells[floor, team, int(minute), state] = int(ms)
    return cells


def read_floorwatch(config: Path, topic: str, ends: dict[int, int]) -> Cells:
    """What Floorwatch has stored: its shards, as a worker that takes them over restores them.

    Raises:
        ValueError: a shard does not stand at its partition's end.
    """
    return asyncio.run(_read_floorwatch(config, topic, ends))


async def _read_floorwatch(config: Path, topic: str, ends: dict[int, int]) -> Cells:
    settings = load_settings(config, {})
    store = RedisStore(settings.redis.url.reveal())
    await store.open()
    cells: Cells = {}
    for partition, end in ends.items():
        lease = await store.acquire(ShardKey(topic, partition))
        if lease.manifest is None or lease.manifest.offset != end:
            msg = f"partition {partition}: stored is {lease.manifest}, not the state at {end}"
            raise ValueError(msg)
        parts = await store.load(lease)
        cells |= _cells_of_shard(settings.spec, parts, lease.control)
    await store.close()
    return cells


def _cells_of_shard(spec: Spec, parts: dict[str, bytes], control: bytes | None) -> Cells:
    """The minutes that a shard keeps, summed over the members of each team."""
    shard = Shard.restore(spec, NO_ROSTER, parts, control)
    names, panes = shard.names, shard.engine.panes
    if not len(names.seats):
        return {}
    newest = shard.watermark_ms // MINUTE_MS
    cells: Cells = {}
    for minute in range(newest - RING + 1, newest + 1):
        sums = np.zeros((len(names.teams), STATE_COUNT), np.int64)
        of_seats = panes.sum_minutes(slice(0, len(names.seats)), minute, minute)
        np.add.at(sums, names.seat_team.data, of_seats)
        for team, state in zip(*(places.tolist() for places in sums.nonzero()), strict=True):
            key = (*names.teams.keys[team], minute, State(state).name)
            cells[key] = int(sums[team, state])
    return cells
