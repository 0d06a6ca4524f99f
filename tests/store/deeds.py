"""What the tests of all stores put in."""

from collections.abc import Mapping

from stream.store import keys
from stream.store.keys import ShardKey
from stream.store.lease import Lease, OutboxEntry, Outcome
from stream.store.protocol import Commit, Snapshot, Store

SHARD = ShardKey("floor-events", 3)
NIGHT = keys.team_view("北京", "夜班🌙")
DAY = keys.team_view("北京", "day")
POOL = keys.pool_view("北京", "main")


def commit_at(offset: int, *entries: str, delivered: tuple[str, ...] = ()) -> Commit:
    """A commit whose content follows from its offset."""
    outbox = tuple(OutboxEntry(name, f"body of {name}".encode()) for name in entries)
    return Commit(b"control \x00\xff %d" % offset, offset, offset * 1_000, outbox, delivered)


def snapshot_at(offset: int, parts: Mapping[str, bytes], *others: str) -> Snapshot:
    """A snapshot with these changed parts, and these that did not change."""
    return Snapshot(parts, (*parts, *others), offset, offset * 1_000, format=1, partitions=8)


async def begun(store: Store) -> Lease:
    """A lease after a first commit at offset 10."""
    lease = await store.acquire(SHARD)
    assert await store.commit(lease, commit_at(10)) is Outcome.OK
    return lease


def ids(lease: Lease) -> list[str]:
    return [entry.id for entry in lease.outbox]
