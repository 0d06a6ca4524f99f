"""What every store must do with sealed hours; run by test_memory.py and test_redis.py."""

import numpy as np
import pytest

from stream.errors import StateError
from stream.events.language import STATE_COUNT
from stream.store.keys import ShardKey
from stream.store.lease import Outcome
from stream.store.manifest import PIECE_BYTES
from stream.store.protocol import SealedHour
from stream.units import DAY_MS, HOUR_MS
from stream.windows.calls.minute_sums import POOL_COUNTS, TEAM_COUNTS
from stream.windows.closing.archive import Hour, encode
from tests.store.deeds import SHARD, begun, commit_at
from tests.store.worlds import World

TEN_MS = 1_772_445_600_000
"""2026-03-02T10:00:00Z"""
KEEP_MS = 35 * DAY_MS
NEVER_ENDS_MS = TEN_MS + 400 * DAY_MS


def hour_at(start_ms: int, floor: str = "北京", agents: int = 3, seed: int = 1) -> Hour:
    """An hour whose content follows from its seed."""
    rng = np.random.default_rng(seed)
    return Hour(
        floor,
        start_ms,
        start_ms + HOUR_MS,
        (("pbx", start_ms + HOUR_MS + 300_000),),
        tuple(("main", "夜班🌙", f"agent-{number:06d}") for number in range(agents)),
        rng.integers(0, HOUR_MS, (agents, STATE_COUNT)),
        rng.integers(0, 30, (agents, STATE_COUNT)),
        rng.integers(0, 10**6, (agents, len(TEAM_COUNTS))),
        ("main",),
        rng.integers(0, 100, (1, len(POOL_COUNTS))),
    )


def sealed(hour: Hour) -> SealedHour:
    """As it goes to a store."""
    return SealedHour(hour.floor, hour.start_ms, encode(hour))


class ArchivesSuite:
    """Each test gets a fresh `world`."""

    async def test_an_archived_hour_is_read_as_it_was_sealed(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        hour = hour_at(TEN_MS)
        assert await store.archive(lease, [sealed(hour)], KEEP_MS) is Outcome.OK
        [found] = await store.read_archive(SHARD, "北京", TEN_MS, TEN_MS + 1)
        assert encode(found) == encode(hour)
        assert found.seats == hour.seats
        np.testing.assert_array_equal(found.state_ms, hour.state_ms)

    async def test_hours_are_listed_by_floor_and_shard_in_order(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        hours = [hour_at(TEN_MS + place * HOUR_MS) for place in (2, 0, 1)]
        others = [hour_at(TEN_MS, floor="east")]
        assert await store.archive(lease, [*map(sealed, hours + others)], KEEP_MS) is Outcome.OK
        reader = await world.store()

        async def starts(floor: str, from_hour: int, to_hour: int) -> list[int]:
            start_ms, end_ms = TEN_MS + from_hour * HOUR_MS, TEN_MS + to_hour * HOUR_MS
            found = await reader.read_archive(SHARD, floor, start_ms, end_ms)
            return [(hour.start_ms - TEN_MS) // HOUR_MS for hour in found]

        assert await starts("北京", 0, 3) == [0, 1, 2]
        assert await starts("北京", 1, 2) == [1]
        assert await starts("east", 0, 3) == [0]
        assert await starts("west", 0, 3) == []
        another = ShardKey("floor-events", 4)
        assert await reader.read_archive(another, "北京", 0, NEVER_ENDS_MS) == []

    async def test_a_former_owner_archives_nothing(self, world: World) -> None:
        old, new = await world.store(), await world.store()
        stale = await begun(old)
        await new.acquire(SHARD)
        assert await old.archive(stale, [sealed(hour_at(TEN_MS))], KEEP_MS) is Outcome.FENCED
        assert await new.read_archive(SHARD, "北京", 0, NEVER_ENDS_MS) == []
        old.forget(stale)
        assert await old.archive(stale, [sealed(hour_at(TEN_MS))], KEEP_MS) is Outcome.FENCED

    async def test_an_owner_whom_the_store_has_forgotten_archives_nothing(
        self, world: World
    ) -> None:
        store = await world.store()
        await begun(store)
        earlier = world.copy()
        lease = await store.acquire(SHARD)
        world.set_back(earlier)
        assert await store.archive(lease, [sealed(hour_at(TEN_MS))], KEEP_MS) is Outcome.MISMATCH
        assert await store.read_archive(SHARD, "北京", 0, NEVER_ENDS_MS) == []
        assert await store.commit(lease, commit_at(11)) is Outcome.MISMATCH

    async def test_a_commit_is_refused_if_the_store_has_lost_an_hour_that_went_ahead_of_it(
        self, world: World
    ) -> None:
        store = await world.store()
        lease = await begun(store)
        earlier = world.copy()
        await store.archive(lease, [sealed(hour_at(TEN_MS))], KEEP_MS)
        world.set_back(earlier)
        assert await store.commit(lease, commit_at(11)) is Outcome.MISMATCH
        lease = await store.acquire(SHARD)
        assert lease.offset == 10
        await store.archive(lease, [sealed(hour_at(TEN_MS))], KEEP_MS)
        assert await store.commit(lease, commit_at(11)) is Outcome.OK
        world.set_back(earlier)
        assert await store.commit(lease, commit_at(12)) is Outcome.MISMATCH

    async def test_a_commit_does_not_rest_on_hours_that_are_too_old_to_be_listed(
        self, world: World
    ) -> None:
        store = await world.store()
        lease = await begun(store)
        hours = [sealed(hour_at(TEN_MS)), sealed(hour_at(TEN_MS + KEEP_MS))]
        assert await store.archive(lease, hours, KEEP_MS) is Outcome.OK
        assert await store.commit(lease, commit_at(11)) is Outcome.OK

    async def test_an_hour_that_is_written_again_is_stored_once(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        hour = hour_at(TEN_MS)
        for _ in range(2):
            assert await store.archive(lease, [sealed(hour)], KEEP_MS) is Outcome.OK
        lease = await (await world.store()).acquire(SHARD)
        [found] = await store.read_archive(SHARD, "北京", 0, NEVER_ENDS_MS)
        assert encode(found) == encode(hour)

    async def test_a_large_hour_comes_whole(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        hour, smaller = hour_at(TEN_MS, agents=15_000), hour_at(TEN_MS, agents=9_000, seed=2)
        assert len(encode(hour)) > len(encode(smaller)) > PIECE_BYTES
        for one in (hour, smaller):  # what is archived stays
            assert await store.archive(lease, [sealed(one)], KEEP_MS) is Outcome.OK
            [found] = await store.read_archive(SHARD, "北京", 0, NEVER_ENDS_MS)
            assert encode(found) == encode(hour)

    async def test_hours_older_than_is_kept_are_listed_no_longer(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        for start_ms in (TEN_MS, TEN_MS + HOUR_MS, TEN_MS + KEEP_MS):
            await store.archive(lease, [sealed(hour_at(start_ms))], KEEP_MS)
        found = await store.read_archive(SHARD, "北京", 0, NEVER_ENDS_MS)
        assert [hour.start_ms for hour in found] == [TEN_MS + HOUR_MS, TEN_MS + KEEP_MS]

    async def test_what_is_no_hour_is_refused_when_it_is_read(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        blob = encode(hour_at(TEN_MS))
        await store.archive(lease, [SealedHour("北京", TEN_MS, blob[:-9])], KEEP_MS)
        with pytest.raises(StateError, match="archived hour is damaged"):
            await store.read_archive(SHARD, "北京", 0, NEVER_ENDS_MS)

    async def test_without_hours_the_answer_says_whether_the_lease_is_dead(
        self, world: World
    ) -> None:
        old, new = await world.store(), await world.store()
        lease = await begun(old)
        assert await old.archive(lease, [], KEEP_MS) is Outcome.OK
        await new.acquire(SHARD)
        assert await old.archive(lease, [], KEEP_MS) is Outcome.FENCED
