"""Archived hours in Redis: a string that expires for each, and a sorted set of starts by floor."""

from collections.abc import Iterator, Sequence

from stream.store import keys
from stream.store.batches import BATCH_COMMANDS, batches
from stream.store.keys import ShardKey
from stream.store.lease import Outcome
from stream.store.manifest import PIECE_BYTES
from stream.store.protocol import SealedHour
from stream.store.retrying_client import RetryingClient
from stream.store.scripts import Command, script
from stream.store.session import Session
from stream.windows.closing.archive import Hour, decode


async def write(session: Session, hours: Sequence[SealedHour], keep_ms: int) -> Outcome:
    """See `stream.store.protocol.Store.archive`."""
    if not hours:
        return await session.check_owner()
    for commands in _batches(session, hours, keep_ms):
        if session.status is not Outcome.OK:
            break
        for reply in await session.client.execute(commands):
            session.check_reply(reply)
    if session.status is Outcome.OK:
        for hour in hours:
            _record_archived(session, hour, keep_ms)
    return session.status


def _record_archived(session: Session, hour: SealedHour, keep_ms: int) -> None:
    """Let the next commit depend on this hour, unless it is so old that it is no longer listed."""
    hours_key = keys.hours(session.lease.shard, hour.floor)
    starts = session.archived.setdefault(hours_key, set()) | {hour.start_ms}
    session.archived[hours_key] = {at for at in starts if at > max(starts) - keep_ms}


def _batches(
    session: Session, hours: Sequence[SealedHour], keep_ms: int
) -> Iterator[list[Command]]:
    """The calls, in batches in which the order does not matter: pieces of a large hour go alone."""
    small = (hour for hour in hours if len(hour.blob) <= PIECE_BYTES)
    yield from batches(
        (c, len(hour.blob)) for hour in small for c in _commands(session, hour, keep_ms)
    )
    for hour in hours:
        if len(hour.blob) > PIECE_BYTES:
            yield from ([piece] for piece in _commands(session, hour, keep_ms))


def _commands(session: Session, hour: SealedHour, keep_ms: int) -> Iterator[Command]:
    shard = session.lease.shard
    scope = (
        keys.shard(shard),
        keys.hours(shard, hour.floor),
        keys.hour(shard, hour.floor, hour.start_ms),
    )
    times = hour.start_ms, hour.start_ms - keep_ms, keep_ms
    for at in range(0, len(hour.blob), PIECE_BYTES):
        piece = hour.blob[at : at + PIECE_BYTES]
        is_last = int(at + len(piece) == len(hour.blob))
        yield script("archive").call(scope, *session.fence, *times, at, is_last, piece)


async def read(
    client: RetryingClient, shard: ShardKey, floor: str, from_ms: int, to_ms: int
) -> list[Hour]:
    """See `stream.store.protocol.Store.read_archive`."""
    [starts] = await client.execute(
        [("ZRANGEBYSCORE", keys.hours(shard, floor), from_ms, f"({to_ms}")]
    )
    gets: list[Command] = [("GET", keys.hour(shard, floor, int(start))) for start in starts]
    hours: list[Hour] = []
    for first in range(0, len(gets), BATCH_COMMANDS):
        blobs = await client.execute(gets[first : first + BATCH_COMMANDS])
        hours += [decode(blob) for blob in blobs if blob is not None]
    return hours
