"""What every store must do; run by test_memory.py and test_redis.py."""

from typing import Any

import pytest

from stream.errors import StateError
from stream.store.keys import ShardKey
from stream.store.protocol import LeaseLost, Outcome
from stream.store.restore_checks import check_compatible, is_state_lost
from tests.store.deeds import DAY, SHARD, begun, commit_at, ids, snapshot_at
from tests.store.suite_of_archives import ArchivesSuite
from tests.store.suite_of_views import ViewsSuite
from tests.store.worlds import World


class StoreSuite(ViewsSuite, ArchivesSuite):
    """Each test gets a fresh `world`."""

    async def test_an_empty_store_gives_an_empty_lease(self, world: World) -> None:
        lease = await (await world.store()).acquire(SHARD)
        assert (lease.manifest, lease.control, lease.offset, lease.as_of_ms) == (None,) * 4
        assert (lease.commit_seq, lease.outbox) == (0, ())
        assert lease.views == frozenset()

    async def test_what_was_committed_is_what_the_next_owner_finds(self, world: World) -> None:
        first, second = await world.store(), await world.store()
        lease = await first.acquire(SHARD)
        assert await first.commit(lease, commit_at(10, "a")) is Outcome.OK
        assert await first.commit(lease, commit_at(10, "b")) is Outcome.OK
        found = await second.acquire(SHARD)
        assert found.owner.epoch > lease.owner.epoch
        assert (found.control, found.offset, found.as_of_ms) == (b"control \x00\xff 10", 10, 10_000)
        assert found.commit_seq == 2
        assert found.outbox == commit_at(10, "a", "b").outbox
        assert found.store_id == lease.store_id

    async def test_a_shard_that_is_reset_begins_anew_and_keeps_its_outbox(
        self, world: World
    ) -> None:
        store = await world.store()
        lease = await begun(store)
        assert await store.commit(lease, commit_at(20, "a")) is Outcome.OK
        assert await store.save(lease, snapshot_at(20, {"x": b"old"})) is Outcome.OK
        assert await store.reset(lease) is Outcome.OK
        assert await store.load(lease) == {}
        assert await store.commit(lease, commit_at(3)) is Outcome.OK
        assert await store.save(lease, snapshot_at(3, {"y": b"new"})) is Outcome.OK
        found = await (await world.store()).acquire(SHARD)
        assert found.manifest is not None
        assert (found.offset, found.manifest.offset) == (3, 3)
        assert set(found.manifest.parts) == {"y"}
        assert "a" in ids(found)

    async def test_a_former_owner_is_fenced_and_writes_nothing(self, world: World) -> None:
        old, new = await world.store(), await world.store()
        stale = await begun(old)
        lease = await new.acquire(SHARD)
        assert await old.commit(stale, commit_at(99, "ghost")) is Outcome.FENCED
        assert await old.save(stale, snapshot_at(10, {"x": b"ghost"})) is Outcome.FENCED
        assert await old.write_views(stale, 99, {DAY: {"as_of": "99"}}) is Outcome.FENCED
        assert await old.drop_views(stale, [DAY]) is Outcome.FENCED
        assert await new.commit(lease, commit_at(11)) is Outcome.OK
        found = await old.acquire(SHARD)
        assert (found.offset, found.outbox, found.manifest) == (11, (), None)
        assert await old.teams() == []

    async def test_acquiring_again_fences_the_own_earlier_lease(self, world: World) -> None:
        store = await world.store()
        stale = await begun(store)
        lease = await store.acquire(SHARD)
        assert await store.commit(stale, commit_at(11)) is Outcome.FENCED
        assert await store.commit(lease, commit_at(11)) is Outcome.OK

    async def test_a_forgotten_lease_writes_nothing(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        store.forget(lease)
        assert await store.commit(lease, commit_at(11)) is Outcome.FENCED
        assert (await store.acquire(SHARD)).offset == 10

    async def test_shards_do_not_touch_each_other(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        other = await store.acquire(ShardKey("floor-events", 4))
        assert other.offset is None
        assert await store.commit(other, commit_at(500, "x")) is Outcome.OK
        assert await store.commit(lease, commit_at(11)) is Outcome.OK
        assert ids(await store.acquire(SHARD)) == []

    async def test_the_outbox_keeps_its_order_until_delivered(self, world: World) -> None:
        store = await world.store()
        lease = await store.acquire(SHARD)
        names = [f"队列🔥/{n}:x" for n in (9, 10, 1, 8, 2)]
        await store.commit(lease, commit_at(10, *names))
        await store.commit(lease, commit_at(20, "later", delivered=(names[0], names[3])))
        lease = await store.acquire(SHARD)
        assert ids(lease) == [names[1], names[2], names[4], "later"]
        assert lease.outbox[0].body == f"body of {names[1]}".encode()
        await store.commit(lease, commit_at(20, delivered=tuple(ids(lease))))
        assert ids(await store.acquire(SHARD)) == []

    async def test_an_outbox_entry_handed_in_twice_is_one(self, world: World) -> None:
        store = await world.store()
        lease = await store.acquire(SHARD)
        await store.commit(lease, commit_at(10, "a", "b"))
        await store.commit(lease, commit_at(11, "c", "a"))
        assert ids(await store.acquire(SHARD)) == ["a", "b", "c"]

    async def test_what_was_delivered_before_its_commit_is_not_stored(self, world: World) -> None:
        store = await world.store()
        lease = await store.acquire(SHARD)
        await store.commit(lease, commit_at(10, "paged", "open", delivered=("paged",)))
        assert ids(await store.acquire(SHARD)) == ["open"]

    async def test_a_lost_reply_gives_already_and_applies_once(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        with world.lost_reply(store, "commit"):
            assert await store.commit(lease, commit_at(20, "a")) is Outcome.ALREADY
        assert await store.commit(lease, commit_at(21, delivered=("a",))) is Outcome.OK
        found = await store.acquire(SHARD)
        assert (found.commit_seq, found.offset, ids(found)) == (3, 21, [])

    async def test_a_store_set_back_answers_mismatch_and_keeps_what_it_has(
        self, world: World
    ) -> None:
        store = await world.store()
        lease = await begun(store)
        earlier = world.copy()
        await store.commit(lease, commit_at(20, "lost"))
        world.set_back(earlier)
        assert await store.commit(lease, commit_at(30)) is Outcome.MISMATCH
        assert await store.commit(lease, commit_at(30)) is Outcome.MISMATCH
        found = await store.acquire(SHARD)
        assert (found.offset, found.commit_seq, ids(found)) == (10, 1, [])
        assert await store.commit(found, commit_at(20, "lost")) is Outcome.OK

    async def test_a_store_set_back_to_before_the_lease_answers_mismatch(
        self, world: World
    ) -> None:
        store = await world.store()
        await begun(store)
        earlier = world.copy()
        lease = await store.acquire(SHARD)
        world.set_back(earlier)
        assert await store.commit(lease, commit_at(30)) is Outcome.MISMATCH

    async def test_a_store_set_back_accepts_no_snapshot(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        earlier = world.copy()
        await store.commit(lease, commit_at(20))
        world.set_back(earlier)
        assert await store.save(lease, snapshot_at(20, {"a": b"1"})) is Outcome.MISMATCH
        assert (await store.acquire(SHARD)).manifest is None

    async def test_a_store_that_lost_just_a_snapshot_answers_mismatch_and_reads_on_from_the_former(
        self, world: World
    ) -> None:
        store = await world.store()
        lease = await begun(store)
        await store.save(lease, snapshot_at(10, {"a": b"1", "b": b"1"}))
        await store.commit(lease, commit_at(20))
        earlier = world.copy()
        assert await store.save(lease, snapshot_at(20, {"b": b"2", "c": b"2"})) is Outcome.OK
        world.set_back(earlier)
        lost_part = snapshot_at(20, {"b": b"3"}, "c")
        assert await store.save(lease, lost_part) is Outcome.MISMATCH

        lease = await store.acquire(SHARD)
        assert (lease.offset, lease.manifest and lease.manifest.offset) == (20, 10)
        assert await store.load(lease) == {"a": b"1", "b": b"1"}
        assert await store.save(lease, snapshot_at(20, {"c": b"4"}, "b")) is Outcome.OK
        assert await store.load(await store.acquire(SHARD)) == {"b": b"1", "c": b"4"}

    async def test_a_lost_snapshot_is_noticed_by_the_next_write_of_whatever_kind(
        self, world: World
    ) -> None:
        store = await world.store()
        for write in ("commit", "load"):
            lease = await store.acquire(SHARD)
            earlier = world.copy()
            await store.save(lease, snapshot_at(0, {"a": b"1"}))
            world.set_back(earlier)
            if write == "load":
                with pytest.raises(LeaseLost, match="set back"):
                    await store.load(lease)
            assert await store.commit(lease, commit_at(0)) is Outcome.MISMATCH

    async def test_an_offset_never_goes_back(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        with pytest.raises(ValueError, match="offset 9 goes back; the last commit has 10"):
            await store.commit(lease, commit_at(9))
        assert await store.commit(lease, commit_at(10)) is Outcome.OK

    async def test_a_snapshot_is_loaded_as_it_was_saved(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        big = bytes(range(256)) * 3_000 + b"end"
        parts = {"panes/0": big, "空": b"", "names": b"\x00"}
        assert await store.save(lease, snapshot_at(10, parts)) is Outcome.OK
        assert await store.load(lease) == parts
        found = await store.acquire(SHARD)
        assert await store.load(found) == parts
        assert found.manifest is not None
        assert (found.manifest.offset, found.manifest.as_of_ms) == (10, 10_000)
        assert (found.manifest.format, found.manifest.partitions) == (1, 8)
        assert found.manifest.store_id == found.store_id

    async def test_parts_that_did_not_change_stay_and_dropped_ones_go(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        await store.save(lease, snapshot_at(10, {"a": b"1", "b": b"1", "c": b"1"}))
        await store.commit(lease, commit_at(20))
        assert await store.save(lease, snapshot_at(20, {"b": b"2"}, "a")) is Outcome.OK
        lease = await store.acquire(SHARD)
        assert await store.load(lease) == {"a": b"1", "b": b"2"}
        assert await store.save(lease, snapshot_at(20, {}, "b")) is Outcome.OK
        assert await store.load(lease) == {"b": b"2"}

    async def test_without_a_snapshot_there_is_nothing_to_load(self, world: World) -> None:
        store = await world.store()
        assert await store.load(await store.acquire(SHARD)) == {}

    async def test_an_empty_snapshot_marks_where_a_shard_began(self, world: World) -> None:
        store = await world.store()
        lease = await store.acquire(SHARD)
        assert await store.save(lease, snapshot_at(77, {})) is Outcome.OK
        found = await store.acquire(SHARD)
        assert found.manifest is not None
        assert (found.manifest.offset, found.offset) == (77, None)

    async def test_a_snapshot_beyond_the_last_commit_is_refused(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        with pytest.raises(ValueError, match="11 lies beyond the last commit at 10"):
            await store.save(lease, snapshot_at(11, {"a": b"1"}))

    async def test_a_part_that_nobody_has_is_refused(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        with pytest.raises(ValueError, match=r"never saved: \['b'\]"):
            await store.save(lease, snapshot_at(10, {"a": b"1"}, "b"))

    async def test_a_lost_reply_to_a_snapshot_gives_already(self, world: World) -> None:
        store = await world.store()
        lease = await begun(store)
        with world.lost_reply(store, "flip"):
            assert await store.save(lease, snapshot_at(10, {"a": b"1"})) is Outcome.ALREADY
        assert await store.save(lease, snapshot_at(10, {"b": b"2"}, "a")) is Outcome.OK
        assert await store.load(lease) == {"a": b"1", "b": b"2"}

    async def test_who_lost_the_lease_loads_nothing(self, world: World) -> None:
        old, new = await world.store(), await world.store()
        stale = await begun(old)
        await old.save(stale, snapshot_at(10, {"a": b"1"}))
        lease = await new.acquire(SHARD)
        await new.save(lease, snapshot_at(10, {"a": b"2"}))
        with pytest.raises(LeaseLost):
            await old.load(stale)

    async def test_state_is_lost_if_only_kafka_remembers(self, world: World) -> None:
        store = await world.store()
        lease = await store.acquire(SHARD)
        assert not is_state_lost(lease, None)
        assert not is_state_lost(lease, 0)
        assert is_state_lost(lease, 5)
        await store.save(lease, snapshot_at(0, {}))
        assert not is_state_lost(await store.acquire(SHARD), 5)

    async def test_foreign_state_is_refused_with_what_to_do(self, world: World) -> None:
        store = await world.store()
        empty = await store.acquire(SHARD)
        check_compatible(empty, frozenset({1}), partitions=8)
        await store.save(empty, snapshot_at(0, {}))
        lease = await store.acquire(SHARD)
        check_compatible(lease, frozenset({1, 2}), partitions=8)
        refusals: list[tuple[dict[str, Any], str]] = [
            ({"formats": frozenset({2}), "partitions": 8}, "format 1, this version reads 2"),
            ({"formats": frozenset({1}), "partitions": 9}, "for 8 partitions, the topic has 9"),
        ]
        for arguments, text in refusals:
            with pytest.raises(StateError, match=text):
                check_compatible(lease, **arguments)
