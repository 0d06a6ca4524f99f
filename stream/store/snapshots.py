"""Snapshots of a shard in Redis: upload, flip, sweep, load."""

import asyncio
import logging
import secrets
from collections.abc import Iterator

from stream.errors import DamagedKeyError, ServiceError, UnreadableStateError
from stream.failpoints import failpoint
from stream.store import keys
from stream.store.batches import BATCH_COMMANDS, batches
from stream.store.lease import LeaseLost, Outcome
from stream.store.manifest import (
    Upload,
    check_snapshot,
    pack,
    piece_keys,
    plan_upload,
    to_text,
    unpack,
)
from stream.store.protocol import Snapshot
from stream.store.scripts import Command, script
from stream.store.session import Pending, Session

log = logging.getLogger(__name__)

_SWEEP_KEYS = 200
NAMED_PARTS_MAX = 3
"""An error names so many missing parts."""


async def save(session: Session, snapshot: Snapshot) -> Outcome:
    """See `stream.store.protocol.Store.save`."""
    async with session.save_lock:
        async with session.write_lock:
            outcome = await session.resolve_pending()
        if not outcome.stored:
            return outcome
        parts = {**session.unsaved, **snapshot.parts}
        parts = {name: blob for name, blob in parts.items() if name in snapshot.names}
        check_snapshot(session.offset, session.manifest, snapshot, parts)
        session.unsaved = parts
        outcome = await sweep(session)  # what an earlier save left behind
        if not outcome.stored:
            return outcome
        outcome = await _upload_and_flip(session, snapshot)
        if outcome.stored:
            await sweep_quietly(session)
        return outcome


async def reset(session: Session) -> Outcome:
    """See `stream.store.protocol.Store.reset`."""
    return await session.write(lambda: _reset(session))


async def sweep(session: Session) -> Outcome:
    """Remove the pieces that no manifest names. Not while an upload is under way."""
    shard = session.lease.shard
    command = script("sweep").call(
        (keys.shard(shard), keys.garbage(shard)), *session.fence, _SWEEP_KEYS
    )
    while True:
        [left] = await session.client.execute([command])
        if not isinstance(left, int):
            return session.check_reply(left)
        if left == 0:
            return Outcome.OK


async def sweep_quietly(session: Session) -> None:
    """Sweep, or leave it to the next save: nothing but memory depends on it."""
    try:
        await sweep(session)
    except (DamagedKeyError, ServiceError) as exc:
        log.info("old snapshots of %s are removed later: %s", session.lease.shard, exc)


async def load(session: Session) -> dict[str, bytes]:
    """See `stream.store.protocol.Store.load`."""
    manifest = session.manifest
    if manifest is None:
        await _check(session)
        return {}
    shard = session.lease.shard
    wanted = {name: piece_keys(shard, name, part) for name, part in manifest.parts.items()}
    gets: list[Command] = [("GET", key) for run in wanted.values() for key in run]
    pieces: dict[str, bytes | None] = {}
    for start in range(0, len(gets), BATCH_COMMANDS):
        some = gets[start : start + BATCH_COMMANDS]
        try:
            replies = await session.client.execute(some)
        except DamagedKeyError as error:  # no key of others: its name holds a random id
            # Removing it would help nobody: the other parts are of no use without it.
            raise UnreadableStateError(str(error).removesuffix(f": {keys.REMEDY}")) from None
        pieces.update((str(get[1]), reply) for get, reply in zip(some, replies, strict=True))
    await _check(session)
    missing = [name for name, run in wanted.items() if any(pieces[key] is None for key in run)]
    if missing:
        names = ", ".join(missing[:NAMED_PARTS_MAX]) + (", …" * (len(missing) > NAMED_PARTS_MAX))
        raise UnreadableStateError(
            f"{len(missing)} of {len(wanted)} parts of its snapshot are missing ({names}): keys "
            "were removed by hand or evicted"
        )
    joined = {name: b"".join(pieces[key] or b"" for key in run) for name, run in wanted.items()}
    # In several threads, since zlib releases Python's lock: half of a restore's time otherwise.
    blobs = await asyncio.gather(*(asyncio.to_thread(unpack, *one) for one in joined.items()))
    return dict(zip(joined, blobs, strict=True))


async def _check(session: Session) -> None:
    """Check the lease: only the owner may trust what it read; the next one removes old versions."""
    outcome = await session.check_unchanged()
    if outcome is not Outcome.OK:
        raise LeaseLost.because(outcome, session.lease.shard)


async def _upload_and_flip(session: Session, snapshot: Snapshot) -> Outcome:
    lease = session.lease
    packed = await asyncio.to_thread(pack, session.unsaved)
    upload = plan_upload(
        lease.shard,
        session.manifest,
        snapshot,
        packed,
        manifest_id=secrets.token_hex(8),
        store_id=lease.store_id,
    )
    with failpoint("upload"):
        for commands in _batches(session, upload):
            for reply in await session.client.execute(commands):
                if not session.check_reply(reply).stored:
                    return session.status
    with failpoint("flip"):
        return await session.write(lambda: _flip(session, upload))


def _batches(session: Session, upload: Upload) -> Iterator[list[Command]]:
    shard = session.lease.shard
    scope = keys.shard(shard), keys.garbage(shard)
    fence, (_, manifest_id) = session.fence, session.expected
    return batches(
        (script("put").call((*scope, key), *fence, manifest_id, piece), len(piece))
        for key, piece in upload.pieces
    )


def _reset(session: Session) -> Pending:
    shard = session.lease.shard
    parts = session.manifest.parts if session.manifest else {}
    pieces = [key for name, part in parts.items() for key in piece_keys(shard, name, part)]
    scope = keys.shard(shard), keys.garbage(shard)
    command = script("reset").call(scope, *session.fence, *session.expected, *pieces)

    def confirmed() -> None:
        session.offset = session.manifest = None
        session.manifest_id = ""

    return Pending(command, confirmed)


def _flip(session: Session, upload: Upload) -> Pending:
    shard = session.lease.shard
    command = script("flip").call(
        (keys.shard(shard), keys.garbage(shard)),
        *(*session.fence, *session.expected),
        *(upload.manifest.id, len(upload.pieces), to_text(upload.manifest)),
        *upload.superseded,
    )

    def confirmed() -> None:
        session.manifest, session.manifest_id = upload.manifest, upload.manifest.id
        session.unsaved = {}

    return Pending(command, confirmed)
