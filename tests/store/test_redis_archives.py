"""Sealed hours in a real Redis: keys, expiry, crashes in between, and what a call costs."""

import asyncio
import time

import pytest

from stream.errors import StateError
from stream.store import keys
from stream.store.archives import write
from stream.store.lease import Outcome
from stream.store.manifest import PIECE_BYTES
from stream.store.protocol import SealedHour
from stream.store.redis import RedisStore
from stream.units import DAY_MS, HOUR_MS
from stream.windows.closing.archive import encode
from tests.store.deeds import SHARD, begun, commit_at
from tests.store.suite_of_archives import KEEP_MS, NEVER_ENDS_MS, TEN_MS, hour_at, sealed
from tests.store.worlds import RedisWorld


async def test_an_hour_and_its_list_expire_and_share_the_tag_of_their_shard(
    world: RedisWorld,
) -> None:
    store = await world.store()
    lease = await begun(store)
    hours = [sealed(hour_at(TEN_MS)), sealed(hour_at(TEN_MS, agents=15_000, floor="f"))]
    await store.archive(lease, hours, KEEP_MS)
    wanted = {key(SHARD, floor) for key in (keys.hours, _ten) for floor in ("北京", "f")}
    assert all(key.startswith("floorwatch:{floor-events:3}:") for key in wanted)
    for key in wanted:
        left_ms = world.admin.pttl(key)
        assert isinstance(left_ms, int)
        assert KEEP_MS - DAY_MS < left_ms <= KEEP_MS


def _ten(shard: keys.ShardKey, floor: str) -> str:
    return keys.hour(shard, floor, TEN_MS)


async def test_an_hour_that_has_expired_is_passed_over(world: RedisWorld) -> None:
    store = await world.store()
    lease = await begun(store)
    later = hour_at(TEN_MS + HOUR_MS)
    await store.archive(lease, [sealed(hour_at(TEN_MS)), sealed(later)], KEEP_MS)
    world.admin.delete(_ten(SHARD, "北京"))
    [found] = await store.read_archive(SHARD, "北京", 0, NEVER_ENDS_MS)
    assert encode(found) == encode(later)


async def test_a_large_hour_is_not_listed_until_it_is_whole(world: RedisWorld) -> None:
    store = await world.store()
    assert isinstance(store, RedisStore)
    lease = await begun(store)
    hour = sealed(hour_at(TEN_MS, agents=15_000))
    proxy = world.proxy_of(store)
    proxy.stall_reply_to("archive")
    session = store._sessions[SHARD]
    cut = SealedHour(hour.floor, hour.start_ms, hour.blob)
    task = asyncio.create_task(write(session, [cut], KEEP_MS))
    await proxy.reached()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    reader = await world.store()
    assert await reader.read_archive(SHARD, "北京", 0, NEVER_ENDS_MS) == []
    assert await store.archive(lease, [hour], KEEP_MS) is Outcome.OK
    [found] = await reader.read_archive(SHARD, "北京", 0, NEVER_ENDS_MS)
    assert encode(found) == hour.blob


@pytest.mark.parametrize("agents", [3, 15_000], ids=["small", "large"])
async def test_a_piece_of_an_hour_that_comes_again_when_it_is_listed_changes_nothing(
    world: RedisWorld, agents: int
) -> None:
    store = await world.store()
    lease = await begun(store)
    hour = sealed(hour_at(TEN_MS, agents=agents))
    world.proxy_of(store).keep_next("archive")
    await store.archive(lease, [hour], KEEP_MS)
    assert await store.commit(lease, commit_at(20)) is Outcome.OK
    await world.proxy_of(store).send_kept()

    [found] = await store.read_archive(SHARD, "北京", 0, NEVER_ENDS_MS)
    assert encode(found) == hour.blob
    assert await store.commit(lease, commit_at(30)) is Outcome.OK


async def test_a_key_of_a_wrong_type_is_reported_before_anything_is_written(
    world: RedisWorld,
) -> None:
    store = await world.store()
    lease = await begun(store)
    world.admin.set(keys.hours(SHARD, "北京"), "not ours")
    with pytest.raises(StateError, match="holds something else"):
        await store.archive(lease, [sealed(hour_at(TEN_MS))], KEEP_MS)
    assert not world.admin.exists(_ten(SHARD, "北京"))


async def test_no_call_holds_redis_up_for_three_milliseconds(world: RedisWorld) -> None:
    """Goal: the budget, at 100 000 agents on one floor. Method: Redis' own clock, by SLOWLOG."""
    store = await world.store()
    lease = await begun(store)
    hour = sealed(hour_at(TEN_MS, agents=100_000))
    assert len(hour.blob) > 10 * PIECE_BYTES
    await store.archive(lease, [hour], KEEP_MS)
    world.admin.config_set("slowlog-log-slower-than", 0)
    world.admin.slowlog_reset()
    began_s = time.monotonic()
    await store.archive(lease, [hour], KEEP_MS)
    took_s = time.monotonic() - began_s
    world.admin.config_set("slowlog-log-slower-than", 10_000)
    entries = world.admin.slowlog_get(200)
    durations_us = sorted(
        entry["duration"] for entry in entries if entry["command"].startswith(b"EVALSHA")
    )
    print(f"\n{len(hour.blob)} bytes, {took_s * 1000:.0f} ms; slowest calls {durations_us[-3:]} µs")
    assert durations_us[len(durations_us) // 2] < 3_000
