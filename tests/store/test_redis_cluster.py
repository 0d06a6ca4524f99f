"""What befalls a Redis Cluster: slots that move, primaries that die, nodes that forget."""

import asyncio
import signal
from collections.abc import AsyncIterator

import pytest

from stream.cli.embedded import RedisProgram
from stream.errors import StateError
from stream.store import keys
from stream.store.cluster_topology import slot_of
from stream.store.keys import ShardKey
from stream.store.lease import Outcome
from stream.store.options import StoreOptions
from stream.store.redis import RedisStore
from stream.store.restore_checks import check_compatible
from tests.redises import Cluster, client_of, stop_copying, until
from tests.store.deeds import DAY, SHARD, begun, commit_at, ids, snapshot_at

pytestmark = pytest.mark.parametrize("redis_executable", ["7"], indirect=True)

PATIENT = StoreOptions(patience_s=20.0, answer_timeout_s=1.0)
SHARDS = [ShardKey("floor-events", partition) for partition in range(8)]
VIEWS = {keys.team_view("f", str(n)): {"as_of": "1"} for n in range(100)}


@pytest.fixture
async def store(redis_cluster: Cluster) -> AsyncIterator[RedisStore]:
    """On the shared cluster, emptied."""
    with client_of(redis_cluster.url) as client:
        client.flushall()
    async with RedisStore(redis_cluster.url, PATIENT) as store:
        yield store


def other(cluster: Cluster, program: RedisProgram) -> RedisProgram:
    """A primary that is not this one."""
    return next(each for each in cluster.primaries() if each is not program)


async def test_a_shards_slot_moves_under_writes(redis_cluster: Cluster, store: RedisStore) -> None:
    cluster, slot = redis_cluster, slot_of(("GET", keys.shard(SHARD)))
    source = cluster.primary_of(keys.shard(SHARD))
    target = other(cluster, source)
    lease = await begun(store)
    await store.commit(lease, commit_at(11, "a"))
    await store.save(lease, snapshot_at(11, {"x": b"1", "y": b"1"}))
    cluster.begin_move(slot, source, target)
    # Its keys are all here or all there: served, and sent on for as long as the map says otherwise.
    assert await store.commit(lease, commit_at(12, "b")) is Outcome.OK
    cluster.move_keys(slot, source, target)
    assert await store.commit(lease, commit_at(13, "c")) is Outcome.OK
    assert await store.load(lease) == {"x": b"1", "y": b"1"}
    # An upload makes new keys beside old ones, which no node may before the move is at its end.
    saving = asyncio.create_task(store.save(lease, snapshot_at(13, {"x": b"2"}, "y")))
    committing = asyncio.create_task(store.commit(lease, commit_at(14, delivered=("a", "b", "c"))))
    await asyncio.sleep(0.3)
    assert not saving.done()
    cluster.end_move(slot, target)
    assert (await committing).stored
    assert await saving is Outcome.OK
    found = await store.acquire(SHARD)
    assert (found.commit_seq, found.offset, ids(found)) == (5, 14, [])
    assert await store.load(found) == {"x": b"2", "y": b"1"}
    with client_of(cluster.url) as client:
        assert not client.exists(keys.garbage(SHARD))


async def test_garbage_that_moves_is_swept_when_it_has_moved(
    redis_cluster: Cluster, store: RedisStore
) -> None:
    cluster, slot = redis_cluster, slot_of(("GET", keys.shard(SHARD)))
    source = cluster.primary_of(keys.shard(SHARD))
    target = other(cluster, source)
    lease = await begun(store)
    await store.save(lease, snapshot_at(10, {"a": b"1"}))
    left = keys.piece(SHARD, "a", "left", 0)
    with client_of(cluster.url) as client:
        client.set(left, b"x")
        client.sadd(keys.garbage(SHARD), left)
        cluster.begin_move(slot, source, target)
        to = ("127.0.0.1", target.port, "", 0, 5_000)
        cluster.ask(source, "MIGRATE", *to, "KEYS", left)  # the set that names it stays
        saving = asyncio.create_task(store.save(lease, snapshot_at(10, {"a": b"2"})))
        await asyncio.sleep(0.3)
        assert cluster.ask(source, "SMEMBERS", keys.garbage(SHARD)) == {left.encode()}
        cluster.move_keys(slot, source, target)
        cluster.end_move(slot, target)
        assert await saving is Outcome.OK
        assert not client.exists(left)
        assert not client.exists(keys.garbage(SHARD))


async def test_views_are_written_while_their_slots_move(
    redis_cluster: Cluster, store: RedisStore
) -> None:
    cluster = redis_cluster
    moved = [DAY, keys.teams()]
    lease = await store.acquire(SHARD)
    await store.write_views(lease, 1, {DAY: {"as_of": "1", "x": "1"}, **VIEWS})
    moves = []
    for key in moved:
        source = cluster.primary_of(key)
        moves.append((slot_of(("GET", key)), source, other(cluster, source)))
        cluster.begin_move(*moves[-1])
    for move in moves:
        cluster.move_keys(*move)
    views = {DAY: {"as_of": "2", "x": "1"}, **VIEWS}
    assert await store.write_views(lease, 2, views) is Outcome.OK
    for slot, _, target in moves:
        cluster.end_move(slot, target)
    assert await store.write_views(lease, 3, views) is Outcome.OK
    assert await store.read_views([*views]) == views
    assert len(await store.teams()) == 101


async def test_a_script_that_one_node_forgot_is_sent_in_full_to_that_one(
    redis_cluster: Cluster, store: RedisStore
) -> None:
    lease = await store.acquire(SHARD)
    await store.write_views(lease, 1, VIEWS)
    redis_cluster.ask(redis_cluster.primaries()[0], "SCRIPT", "FLUSH")
    assert await store.write_views(lease, 2, VIEWS) is Outcome.OK
    assert await store.read_views([*VIEWS]) == VIEWS


async def test_views_lie_on_all_primaries(redis_cluster: Cluster, store: RedisStore) -> None:
    await store.write_views(await store.acquire(SHARD), 1, VIEWS)
    sizes = [redis_cluster.ask(each, "DBSIZE") for each in redis_cluster.primaries()]
    assert min(sizes) > 10


async def test_a_node_that_lost_all_harms_no_shard_of_another(
    redis_cluster: Cluster, store: RedisStore
) -> None:
    """Views, the set of teams and other shards' state may be lost alone."""
    emptied = redis_cluster.primary_of(keys.teams())
    leases = [await store.acquire(shard) for shard in SHARDS]
    kept = []
    for lease in leases:
        await store.commit(lease, commit_at(10))
        await store.save(lease, snapshot_at(10, {"a": b"1"}))
        kept.append(redis_cluster.primary_of(keys.shard(lease.shard)) is not emptied)
    await store.write_views(leases[kept.index(True)], 2, VIEWS)
    redis_cluster.ask(emptied, "FLUSHALL")
    assert {True, False} == set(kept)
    for lease, is_kept in zip(leases, kept, strict=True):
        outcome = await store.commit(lease, commit_at(11))
        assert outcome is (Outcome.OK if is_kept else Outcome.MISMATCH)
        found = await store.acquire(lease.shard)
        check_compatible(found, frozenset({1}), 8)
        assert found.offset == (11 if is_kept else None)
        if is_kept:
            assert await store.load(found) == {"a": b"1"}
    heir = await store.acquire(leases[kept.index(True)].shard)
    assert await store.write_views(heir, 1, VIEWS) is Outcome.OK
    assert await store.read_views([*VIEWS]) == VIEWS
    assert len(await store.teams()) == len(VIEWS)


async def test_each_primary_is_checked(redis_cluster: Cluster, store: RedisStore) -> None:
    await store.acquire(SHARD)
    strict = redis_cluster.primaries()[-1]
    redis_cluster.ask(strict, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try:
        with pytest.raises(StateError, match="maxmemory-policy allkeys-lru"):
            await RedisStore(redis_cluster.url, PATIENT).open()
    finally:
        redis_cluster.ask(strict, "CONFIG", "SET", "maxmemory-policy", "noeviction")


async def test_a_url_of_the_wrong_kind_says_which_is_right(
    redis_cluster: Cluster, redis_server: RedisProgram
) -> None:
    with pytest.raises(StateError, match=r"redis\+cluster://"):
        await RedisStore(redis_cluster.servers[0].url).open()
    with pytest.raises(StateError, match=r"no cluster; write \[redis\] url = redis://"):
        await RedisStore(f"redis+cluster://{redis_server.address}").open()


async def test_a_primary_that_hangs_is_replaced_and_waited_for(own_cluster: Cluster) -> None:
    async with RedisStore(own_cluster.url, PATIENT) as store:
        leases = [await store.acquire(shard) for shard in SHARDS]
        await store.write_views(leases[0], 1, VIEWS)
        hanging = own_cluster.primary_of(keys.shard(SHARD))
        for lease in leases:
            assert await store.commit(lease, commit_at(10)) is Outcome.OK
            await store.save(lease, snapshot_at(10, {"a": b"1"}))
        hanging.send(signal.SIGSTOP)
        outcomes = await asyncio.gather(*(store.commit(each, commit_at(20)) for each in leases))
        assert all(outcome.stored for outcome in outcomes)
        assert await store.write_views(leases[0], 2, VIEWS) is Outcome.OK
        hanging.send(signal.SIGCONT)  # it wakes up as a primary, and soon learns better
        for lease in leases:
            assert (await store.commit(lease, commit_at(30))).stored
            found = await store.acquire(lease.shard)
            assert (found.commit_seq, found.offset) == (3, 30)
            assert await store.load(found) == {"a": b"1"}


async def test_a_lost_tail_is_a_mismatch_for_its_shards_alone(own_cluster: Cluster) -> None:
    async with RedisStore(own_cluster.url, PATIENT) as store:
        leases = {shard: await store.acquire(shard) for shard in SHARDS}
        for lease in leases.values():
            await store.commit(lease, commit_at(10))
        dying = own_cluster.primary_of(keys.shard(SHARD))
        tail = {s for s in SHARDS if own_cluster.primary_of(keys.shard(s)) is dying}
        stop_copying(dying)
        for lease in leases.values():
            assert await store.commit(lease, commit_at(20, "confirmed")) is Outcome.OK
        dying.stop(signal.SIGKILL)
        for shard, lease in leases.items():
            outcome = await store.commit(lease, commit_at(30))
            assert outcome is (Outcome.MISMATCH if shard in tail else Outcome.OK)
        for shard in tail:
            lease = await store.acquire(shard)
            assert (lease.offset, lease.commit_seq, ids(lease)) == (10, 1, [])
            assert await store.commit(lease, commit_at(20, "confirmed")) is Outcome.OK
        dying.start()  # its tail was never in the new primary's history: it goes
        until(lambda: dying not in own_cluster.primaries(), "it has become a replica")
        assert (await store.acquire(SHARD)).offset == 20
