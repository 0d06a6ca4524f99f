"""What every store must do with views; part of suite.py."""

from random import Random

from stream.store.keys import ShardKey
from stream.store.lease import Outcome
from stream.store.protocol import Fields
from tests.store.deeds import DAY, NIGHT, POOL, SHARD
from tests.store.proxy import VIEW_FIELDS
from tests.store.worlds import World


class ViewsSuite:
    """Each test gets a fresh `world`."""

    async def test_views_show_what_was_written_last(self, world: World) -> None:
        store, reader = await world.store(), await world.store()
        lease = await store.acquire(SHARD)
        views = {NIGHT: {"as_of": "1", "verdict": "watch", "备注": "😀"}, POOL: {"waiting": "3"}}
        assert await store.write_views(lease, 1, views) is Outcome.OK
        assert await reader.read_views([NIGHT, POOL, DAY]) == views
        assert await reader.teams() == [("北京", "夜班🌙")]
        assert await reader.pools(SHARD) == [("北京", "main")]
        assert await reader.pools(ShardKey("floor-events", 4)) == []
        changed = {NIGHT: {"as_of": "2", "verdict": "in_control"}, DAY: {"as_of": "2"}}
        assert await store.write_views(lease, 2, changed) is Outcome.OK
        assert await reader.read_views([NIGHT, POOL, DAY]) == {**views, **changed}
        assert await reader.teams() == [("北京", "day"), ("北京", "夜班🌙")]
        assert (await reader.acquire(SHARD)).views == {NIGHT, POOL, DAY}

    async def test_workers_see_by_which_rules_the_others_work_until_they_end(
        self, world: World
    ) -> None:
        first, second = await world.store(), await world.store()
        group = "floorwatch:floor-events"
        assert await first.share_rules(group, "w-1", "abc", 60_000) == {"w-1": "abc"}
        both = {"w-1": "abc", "w-2": "def"}
        assert await second.share_rules(group, "w-2", "def", 60_000) == both
        assert await first.share_rules(group, "w-1", "abc", 60_000) == both
        assert await first.share_rules("other", "w-1", "ghi", 60_000) == {"w-1": "ghi"}
        assert await second.share_rules(group, "w-2", "def", 0) == {"w-1": "abc"}
        assert await first.share_rules(group, "w-1", "abc", 60_000) == {"w-1": "abc"}

    async def test_a_view_is_right_whatever_changes_and_in_whatever_order(
        self, world: World
    ) -> None:
        store, random = await world.store(), Random(29)
        lease = await store.acquire(SHARD)
        for as_of_ms in range(1, 41):
            names = random.sample("abcd", random.randint(1, 4)) if random.random() < 0.5 else "abcd"
            view = {name: str(random.randrange(3)) for name in names}
            assert await store.write_views(lease, as_of_ms, {DAY: view}) is Outcome.OK
            assert await store.read_views([DAY]) == {DAY: view}

    async def test_a_number_is_shown_in_the_format_of_its_field(self, world: World) -> None:
        """As Python writes it, though Redis formats by itself; but -0.0, no figure, is 0 there."""
        store, random = await world.store(), Random(31)
        lease, formats = await store.acquire(SHARD), dict(VIEW_FIELDS)
        numbers = [0.0, 0.5, 1.5, 2.5, 0.0005, 0.0000005, 1e15, 1 / 3, 5e-324, 86_400_000.0]
        numbers += [random.uniform(-1, 1) * 10 ** random.randint(-9, 12) for _ in range(200)]
        for as_of_ms, number in enumerate(numbers, 1):
            view = {name: number for name, form in VIEW_FIELDS if form != "%s"}
            written: Fields = {**view, "a": f"text {number}", "other": "%d"}
            assert await store.write_views(lease, as_of_ms, {DAY: written}) is Outcome.OK
            shown = {name: formats[name] % number for name in view}
            assert await store.read_views([DAY]) == {DAY: {**written, **shown}}

    async def test_a_view_never_goes_back_in_time(self, world: World) -> None:
        store = await world.store()
        lease = await store.acquire(SHARD)
        assert await store.write_views(lease, 5_000, {DAY: {"as_of": "5"}}) is Outcome.OK
        assert await store.write_views(lease, 4_000, {DAY: {"as_of": "4"}}) is Outcome.ALREADY
        assert await store.read_views([DAY]) == {DAY: {"as_of": "5"}}
        assert await store.write_views(lease, 5_000, {DAY: {"as_of": "5b"}}) is Outcome.OK
        assert await store.read_views([DAY]) == {DAY: {"as_of": "5b"}}

    async def test_a_new_owner_may_show_an_earlier_instant(self, world: World) -> None:
        old, new = await world.store(), await world.store()
        await old.write_views(await old.acquire(SHARD), 9_000, {DAY: {"as_of": "9", "x": "1"}})
        lease = await new.acquire(SHARD)
        assert await new.write_views(lease, 8_000, {DAY: {"as_of": "8"}}) is Outcome.OK
        assert await new.read_views([DAY]) == {DAY: {"as_of": "8"}}

    async def test_dropped_views_are_gone(self, world: World) -> None:
        store = await world.store()
        lease = await store.acquire(SHARD)
        await store.write_views(lease, 1, {DAY: {"a": "1"}, NIGHT: {"a": "1"}, POOL: {"a": "1"}})
        assert await store.drop_views(lease, [DAY, POOL]) is Outcome.OK
        assert await store.drop_views(lease, []) is Outcome.OK
        assert await store.teams() == [("北京", "夜班🌙")]
        assert await store.pools(SHARD) == []
        assert await store.read_views([DAY, NIGHT, POOL]) == {NIGHT: {"a": "1"}}
        assert (await store.acquire(SHARD)).views == {NIGHT}

    async def test_a_dropped_view_may_come_back(self, world: World) -> None:
        store = await world.store()
        lease = await store.acquire(SHARD)
        await store.write_views(lease, 1, {DAY: {"a": "1", "b": "1"}})
        await store.drop_views(lease, [DAY])
        assert await store.write_views(lease, 2, {DAY: {"a": "1"}}) is Outcome.OK
        assert await store.read_views([DAY]) == {DAY: {"a": "1"}}
        assert await store.teams() == [("北京", "day")]

    async def test_a_view_that_was_lost_is_the_shards_own_again_when_it_is_written(
        self, world: World
    ) -> None:
        store = await world.store()
        lease = await store.acquire(SHARD)
        earlier = world.copy()
        await store.write_views(lease, 1, {DAY: {"a": "1"}})
        world.set_back(earlier)
        assert await store.write_views(lease, 2, {DAY: {"a": "2"}}) is Outcome.OK
        assert (await store.acquire(SHARD)).views == {DAY}
