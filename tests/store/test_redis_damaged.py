"""Keys of ours that somebody else has replaced or edited."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
import redis

from stream.errors import DamagedKeyError, UnreadableStateError
from stream.store import keys
from stream.store.lease import Outcome
from stream.store.protocol import SealedHour
from tests.store.deeds import DAY, NIGHT, POOL, SHARD, begun, commit_at, snapshot_at
from tests.store.worlds import RedisWorld

Put = Callable[[redis.Redis, str], Any]
TYPES: dict[str, Put] = {
    "string": lambda admin, key: admin.set(key, b"hello \xff"),
    "list": lambda admin, key: admin.rpush(key, "hello"),
    "hash": lambda admin, key: admin.hset(key, "hello", "1"),
    "set": lambda admin, key: admin.sadd(key, "hello"),
    "zset": lambda admin, key: admin.zadd(key, {"hello": 1}),
}


def replace(world: RedisWorld, key: str, kind: str) -> None:
    world.admin.delete(key)
    TYPES[kind](world.admin, key)


def types_but(own: str) -> list[str]:
    return [kind for kind in TYPES if kind != own]


@pytest.mark.parametrize("kind", types_but("hash"))
async def test_a_view_of_another_type_is_written_anew_and_named(
    world: RedisWorld, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = await world.store()
    lease = await store.acquire(SHARD)
    views = {DAY: {"as_of": "1"}, NIGHT: {"as_of": "1"}, POOL: {"as_of": "1"}}
    assert await store.write_views(lease, 1, views) is Outcome.OK
    replace(world, DAY, kind)
    assert await store.write_views(lease, 2, views) is Outcome.OK
    assert await store.read_views(list(views)) == views
    assert caplog.messages == [f"{DAY} held something else, and was written anew"]
    replace(world, NIGHT, kind)
    assert await store.drop_views(lease, [NIGHT]) is Outcome.OK
    assert not world.admin.exists(NIGHT)


@pytest.mark.parametrize("kind", types_but("set"))
@pytest.mark.parametrize("key", [keys.teams(), keys.views(SHARD)])
async def test_a_list_of_views_of_another_type_fills_again(
    world: RedisWorld, key: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    store = await world.store()
    lease = await store.acquire(SHARD)
    await store.write_views(lease, 1, {DAY: {"as_of": "1"}})
    members = world.admin.smembers(key)
    replace(world, key, kind)
    lease = await store.acquire(SHARD)
    assert lease.views == (frozenset() if key != keys.teams() else {DAY})
    assert await store.write_views(lease, 2, {DAY: {"as_of": "2"}}) is Outcome.OK
    assert world.admin.smembers(key) == members
    assert caplog.messages == [f"{key} held something else, and was written anew"]


async def test_names_of_others_in_the_lists_of_views_harm_nobody(world: RedisWorld) -> None:
    store = await world.store()
    world.admin.sadd(keys.views(SHARD), "other", b"\xff", "floorwatch:teams", DAY)
    world.admin.sadd(keys.teams(), b"\xff/a", "junk")
    lease = await store.acquire(SHARD)
    assert lease.views == {DAY}
    assert await store.write_views(lease, 1, {DAY: {"as_of": "1"}}) is Outcome.OK
    assert ("北京", "day") in await store.teams()
    assert await store.pools(SHARD) == []


@pytest.mark.parametrize(
    "edit",
    [
        {"a": "99", "junk": b"\xff"},
        {"_epoch": "x", "_as_of_ms": "x", "_revision": "x"},
        {"_epoch": "99999999999999999999"},
        {"_epoch": "inf", "a": "3"},
        {"_epoch": "-1", "a": "3"},
        {"_as_of_ms": "99999999999999999999", "a": "3"},
        {"_as_of_ms": "nan", "_revision": "99999999", "a": "3"},
    ],
)
async def test_a_view_that_is_edited_by_hand_is_right_again_within_a_minute(
    world: RedisWorld, edit: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1_000.0
    monkeypatch.setattr("stream.store.view_writes.time.monotonic", lambda: now_s)
    store = await world.store()
    lease = await store.acquire(SHARD)
    views = {keys.team_view("f", str(n)): {"a": "1", "b": "1"} for n in range(40)}
    await store.write_views(lease, 1, views)
    store._sessions[SHARD].refreshed_s = now_s  # type: ignore[attr-defined]
    edited = list(views)[::13]
    for key in edited:
        world.admin.hset(key, mapping=edit)  # type: ignore[arg-type]
    for second in range(55):
        now_s += 1.0
        written = views if second % 10 == 0 else {}  # few change, and are handed in
        assert await store.write_views(lease, 2 + second, written) in {Outcome.OK, Outcome.ALREADY}
    assert await store.read_views(list(views)) == views
    assert world.admin.hget(edited[0], "_epoch") == str(lease.owner.epoch).encode()


async def test_views_are_not_all_refreshed_at_once(
    world: RedisWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1_000.0
    monkeypatch.setattr("stream.store.view_writes.time.monotonic", lambda: now_s)
    store = await world.store()
    lease = await store.acquire(SHARD)
    views = {keys.team_view("f", str(n)): {"a": "1"} for n in range(80)}
    await store.write_views(lease, 1, views)
    session = store._sessions[SHARD]  # type: ignore[attr-defined]
    session.refreshed_s = now_s
    for second in range(100):
        before = dict(session.whole_views_s)
        now_s += 1.0
        await store.write_views(lease, 2 + second, views)
        whole = [key for key in views if session.whole_views_s[key] != before[key]]
        assert len(whole) <= 3
    assert min(session.whole_views_s.values()) > now_s - 40


async def archived(world: RedisWorld) -> Any:
    store = await world.store()
    lease = await begun(store)
    await store.save(lease, snapshot_at(10, {"a": b"1"}))
    return store, lease


@pytest.mark.parametrize(
    ("key", "own"), [(keys.shard(SHARD), "hash"), (keys.store_id(SHARD), "string")]
)
async def test_a_key_without_which_nothing_is_acquired_is_named(
    world: RedisWorld, key: str, own: str
) -> None:
    store, lease = await archived(world)
    for kind in types_but(own):
        replace(world, key, kind)
        with pytest.raises(DamagedKeyError, match=f"^key {key} holds.*a {kind}, not a {own}"):
            await store.acquire(SHARD)
    if own == "hash":
        with pytest.raises(DamagedKeyError, match=f"key {key} holds something else"):
            await store.commit(lease, commit_at(20))
        with pytest.raises(DamagedKeyError, match=f"key {key} holds something else"):
            await store.write_views(lease, 1, {DAY: {"as_of": "1"}})


@pytest.mark.parametrize("field", ["epoch", "seq", "offset", "as_of_ms"])
async def test_a_wrong_number_of_a_shard_is_named(world: RedisWorld, field: str) -> None:
    store, _lease = await archived(world)
    world.admin.hset(keys.shard(SHARD), field, "hello")
    with pytest.raises(DamagedKeyError, match=keys.shard(SHARD)):
        await store.acquire(SHARD)


@pytest.mark.parametrize("kind", types_but("hash"))
async def test_an_outbox_of_another_type_blocks_no_commit_for_longer_than_it_exists(
    world: RedisWorld, kind: str
) -> None:
    store, lease = await archived(world)
    replace(world, keys.outbox(SHARD), kind)
    with pytest.raises(DamagedKeyError, match=f"key {keys.outbox(SHARD)} holds something else"):
        await store.commit(lease, commit_at(20, "a"))
    with pytest.raises(DamagedKeyError, match=f"key {keys.outbox(SHARD)} holds something else"):
        await store.acquire(SHARD)
    world.admin.delete(keys.outbox(SHARD))
    lease = await store.acquire(SHARD)
    assert await store.commit(lease, commit_at(20, "a")) is Outcome.OK
    world.admin.hset(keys.outbox(SHARD), "b", "hello")
    with pytest.raises(DamagedKeyError, match=rf"{keys.outbox(SHARD)} .*entry b'b'"):
        await store.acquire(SHARD)


async def test_snapshots_and_hours_of_another_type_are_named(
    world: RedisWorld, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    store, lease = await archived(world)
    [piece] = map(bytes.decode, world.admin.scan_iter("*}:part:*"))
    replace(world, piece, "list")
    with pytest.raises(UnreadableStateError, match=rf"key {piece} holds.*a list, not a string\)$"):
        await store.load(lease)
    replace(world, keys.garbage(SHARD), "string")
    with pytest.raises(DamagedKeyError, match=f"key {keys.garbage(SHARD)} holds"):
        await store.save(lease, snapshot_at(10, {"a": b"2"}))
    assert await store.acquire(SHARD)  # sweeping waits
    assert "are removed later" in caplog.text
    lease = await store.acquire(SHARD)
    hour = SealedHour("f", 3_600_000, b"bytes")
    replace(world, keys.hours(SHARD, "f"), "set")
    with pytest.raises(DamagedKeyError, match=f"key {keys.hours(SHARD, 'f')} .*not a zset"):
        await store.archive(lease, [hour], 10**9)
    world.admin.delete(keys.hours(SHARD, "f"))
    assert await store.archive(lease, [hour], 10**9) is Outcome.OK


FIELDS: dict[str, tuple[str, bytes | None]] = {
    "the manifest of its snapshot cannot be read": ("manifest", b"{"),
    "its record's fingerprint": ("fingerprint", b"short"),
    "its commit lacks control": ("control", None),
    "its commit lacks as_of_ms": ("as_of_ms", None),
    "its commit lacks offset": ("offset", None),
    "its snapshot and the manifest's id do not belong together": ("manifest_id", b"another"),
}


@pytest.mark.parametrize("why", FIELDS)
async def test_a_damaged_commit_or_manifest_is_named_and_can_be_dropped(
    world: RedisWorld, why: str
) -> None:
    name, value = FIELDS[why]
    store, _ = await archived(world)
    if value is None:
        world.admin.hdel(keys.shard(SHARD), name)
    else:
        world.admin.hset(keys.shard(SHARD), name, value)
    lease = await store.acquire(SHARD)
    assert lease.unreadable.startswith(why)
    assert lease.manifest is None

    assert await store.reset(lease) is Outcome.OK
    lease = await store.acquire(SHARD)
    assert (lease.unreadable, lease.offset, lease.control) == ("", None, None)
    assert await store.commit(lease, commit_at(5)) is Outcome.OK
    assert await store.save(lease, snapshot_at(5, {"a": b"2"})) is Outcome.OK
    assert await store.load(await store.acquire(SHARD)) == {"a": b"2"}


@pytest.mark.parametrize("kind", ["string", "list", None])
async def test_parts_that_are_damaged_or_gone_are_dropped_with_the_rest(
    world: RedisWorld, kind: str | None
) -> None:
    store, lease = await archived(world)
    [piece] = map(bytes.decode, world.admin.scan_iter("*}:part:*"))
    world.admin.delete(piece)
    if kind:
        replace(world, piece, kind)
    with pytest.raises(UnreadableStateError):
        await store.load(lease)
    assert await store.reset(lease) is Outcome.OK
    assert await store.commit(lease, commit_at(5)) is Outcome.OK
    assert await store.save(lease, snapshot_at(5, {"a": b"2"})) is Outcome.OK
    assert await store.load(lease) == {"a": b"2"}
    assert len(list(world.admin.scan_iter("*}:part:*"))) == 1
