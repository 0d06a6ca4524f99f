"""Sealed hours in Redis: each a string that expires, and a sorted set of their starts by floor."""

from collections.abc import Iterator, Sequence

from stream.store import keys
from stream.store.batches import BATCH_COMMANDS, batches
from stream.store.keys import ShardKey
from stream.store.manifest import PIECE_BYTES
from stream.store.protocol import Outcome, SealedHour
from stream.store.retrying_client import RetryingClient
from stream.store.scripts import Command, script
from stream.store.session import Session
from stream.windows.closing.archive import Hour, decode


async def write(session: Session, hours: Sequence[SealedHour], keep_ms: int) -> Outcome:
    """See `stream.store.protocol.Store.archive`."""
    if not hours:
        return await session.owns()
    for commands in _rounds(session, hours, keep_ms):
        if session.ended is not Outcome.OK:
            break
        for reply in await session.wire.ask(commands):
            session.heed(reply)
    if session.ended is Outcome.OK:
        for hour in hours:
            _note(session, hour, keep_ms)
    return session.ended


def _note(session: Session, hour: SealedHour, keep_ms: int) -> None:
    """The next commit rests on this hour, unless it is that old that it is listed no longer."""
    listed = keys.hours(session.lease.shard, hour.floor)
    starts = session.archived.setdefault(listed, set()) | {hour.start_ms}
    session.archived[listed] = {at for at in starts if at > max(starts) - keep_ms}


def _rounds(session: Session, hours: Sequence[SealedHour], keep_ms: int) -> Iterator[list[Command]]:
    """The calls, in runs in which the order does not matter: pieces of a large hour go alone."""
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
        yield script("archive").call(scope, *session.bearer, *times, at, is_last, piece)


async def read(
    wire: RetryingClient, shard: ShardKey, floor: str, from_ms: int, to_ms: int
) -> list[Hour]:
    """See `stream.store.protocol.Store.read_archive`."""
    [starts] = await wire.ask([("ZRANGEBYSCORE", keys.hours(shard, floor), from_ms, f"({to_ms}")])
    gets: list[Command] = [("GET", keys.hour(shard, floor, int(start))) for start in starts]
    found: list[Hour] = []
    for first in range(0, len(gets), BATCH_COMMANDS):
        blobs = await wire.ask(gets[first : first + BATCH_COMMANDS])
        found += [decode(blob) for blob in blobs if blob is not None]
    return found
