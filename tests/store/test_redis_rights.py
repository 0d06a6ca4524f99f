"""A user of Redis that has just the rights that docs/operations.md lists."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import redis

from stream.errors import ServiceError, StateError
from stream.store.lease import Outcome
from stream.store.manifest import PIECE_BYTES
from stream.store.options import StoreOptions
from stream.store.protocol import SealedHour
from stream.store.redis import RedisStore
from tests.components import ROOT
from tests.store.deeds import DAY, POOL, SHARD, commit_at, snapshot_at

GUIDE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SHORT = StoreOptions(patience_s=0.2, group="g")
NOT_HERE = frozenset({"+select"})
"""Rights that only another database than 0 needs."""


def rights() -> list[str]:
    """Those that the guide grants, as it writes them."""
    command = GUIDE.partition("ACL SETUSER floorwatch on ")[2].partition("\n\n")[0]
    return [word.strip("'") for word in command.split() if word.strip("'")[0] in "~+-"]


def set_user(url: str, granted: list[str]) -> str:
    """Give a user these rights; the URL by which it connects."""
    with redis.Redis.from_url(url) as admin:
        admin.execute_command("ACL", "SETUSER", "floor", "reset", "on", ">hush", *granted)
        admin.script_flush()
    return url.replace("redis://", "redis://floor:hush@")


async def everything(url: str) -> None:
    """All that a worker does with Redis."""
    async with RedisStore(url, SHORT) as store:
        lease = await store.acquire(SHARD)
        await store.archive(lease, [SealedHour("f", 0, b"1" * 100)], 10**9)
        large = SealedHour("f", 3_600_000, bytes(PIECE_BYTES + 1))
        for _ in range(2):
            await store.archive(lease, [large], 10**9)
        await store.commit(lease, commit_at(10, "a", "b"))
        await store.commit(lease, commit_at(11, delivered=("a",)))
        for value in (b"1", b"2", b"3"):
            await store.save(lease, snapshot_at(11, {"a": value}))
        await store.load(lease)
        for as_of_ms in (1, 2):
            views = {DAY: {"as_of": str(as_of_ms), f"x{as_of_ms}": "1"}, POOL: {"as_of": "1"}}
            assert await store.write_views(lease, as_of_ms, views) is Outcome.OK
        await store.write_views(await store.acquire(SHARD), 3, {DAY: {"as_of": "3"}})
        await store.teams()
        await store.pools(SHARD)
        await store.read_views([DAY])
        with contextlib.suppress(StateError):  # those bytes are no hour
            await store.read_archive(SHARD, "f", 0, 1)
        await store.memory()
        await store.share_rules("f", "worker", "rules", 1_000)
        lease = await store.acquire(SHARD)
        await store.drop_views(lease, [DAY, POOL])


@pytest.fixture
async def url(redis_url: str) -> AsyncIterator[str]:
    yield redis_url
    with redis.Redis.from_url(redis_url) as admin:
        admin.execute_command("ACL", "DELUSER", "floor")


async def test_the_rights_that_the_document_lists_are_enough(url: str) -> None:
    await everything(set_user(url, rights()))


async def test_each_right_is_needed_and_a_missing_one_is_said(url: str) -> None:
    commands = [right for right in rights() if right.startswith("+")]
    assert len(commands) > 30
    said = dict.fromkeys(set(commands) - NOT_HERE, "")
    for right in said:
        with redis.Redis.from_url(url) as admin:
            admin.flushall()
        try:
            await everything(set_user(url, [one for one in rights() if one != right]))
        except ServiceError as error:
            said[right] = str(error)
    text = "docs/operations.md lists the rights"
    assert not {right: error for right, error in said.items() if text not in error}


async def test_keys_that_a_user_may_not_touch_are_said(url: str) -> None:
    others = [one if one[0] != "~" else "~other:*" for one in rights()]
    with pytest.raises(ServiceError, match=r"docs/operations\.md lists the rights"):
        await everything(set_user(url, others))


async def test_a_store_that_cannot_open_while_it_is_asked_for_its_memory_says_why(
    redis_url: str,
) -> None:
    store = RedisStore(set_user(redis_url, ["~*", "+@all", "-info"]), SHORT)
    errors = list[Exception]()

    async def ask(call: Callable[[], Awaitable[object]]) -> None:
        for _ in range(100):
            try:
                await call()
            except ServiceError as error:
                errors.append(error)
            await asyncio.sleep(0)

    await asyncio.gather(ask(store.open), ask(store.memory))
    await store.close()
    assert len(errors) == 200
    assert all("Redis" in str(error) for error in errors)
