"""The store in Redis 6.2 or newer: one primary, one monitored by Sentinels, or a cluster."""

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Self

from stream.errors import StateError, UnreadableStateError
from stream.store import archives, keys, snapshots, view_writes
from stream.store.connection import SERVER, Reply
from stream.store.keys import ShardKey
from stream.store.lease import Lease, LeaseLost, OutboxEntry, Outcome, Owner
from stream.store.manifest import from_text
from stream.store.options import StoreOptions
from stream.store.protocol import Commit, Fields, SealedHour, ServerMemory, Snapshot
from stream.store.record_fingerprint import RecordFingerprint
from stream.store.retrying_client import RetryingClient
from stream.store.scripts import script
from stream.store.server import eviction
from stream.store.session import Session
from stream.windows.closing.archive import Hour

log = logging.getLogger(__name__)


class RedisStore:
    """`stream.store.protocol.Store` on Redis: one client for leases, one for readers."""

    def __init__(self, url: str, options: StoreOptions | None = None) -> None:
        self._options = options = options or StoreOptions()
        self._client = RetryingClient.from_url(url, options)
        self._readers = RetryingClient.from_url(url, options)
        self._sessions: dict[ShardKey, Session] = {}

    async def __aenter__(self) -> Self:
        """Open."""
        await self.open()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Close."""
        await self.close()

    async def open(self) -> None:
        """See the protocol."""
        try:
            infos = await self._client.connect()
        except BaseException:
            await self.close()
            raise
        if any(info.get("aof_enabled") == "0" for info in infos):
            log.warning(
                "Redis writes no append-only file: when it restarts, state since its last save "
                "is recomputed from Kafka (appendonly yes)"
            )

    async def close(self) -> None:
        """See the protocol."""
        await self._client.close()
        await self._readers.close()

    async def acquire(self, shard: ShardKey) -> Lease:
        """See the protocol."""
        token = secrets.token_hex(16)
        scope = (keys.shard(shard), keys.store_id(shard))
        [reply] = await self._client.execute(
            [script("acquire").call(scope, token, secrets.token_hex(8), self._options.group)]
        )
        if isinstance(reply, bytes):
            raise StateError(_of_another_group(shard, reply, self._options.group))
        lease = _lease(shard, token, reply)
        # Not in the same call: of several commands some may have to be sent again, in any order.
        [view_keys] = await self._client.execute([script("members").call((keys.views(shard),))])
        views = frozenset(filter(keys.is_view, map(_text, view_keys)))
        lease = replace(lease, outbox=await self._outbox(shard), views=views)
        former = self._sessions.get(shard)
        if former is not None:
            former.status = Outcome.FENCED
        self._sessions[shard] = session = Session.begin(lease, self._client)
        await snapshots.sweep_quietly(session)
        return lease

    def forget(self, lease: Lease) -> None:
        """See the protocol."""
        if self._session(lease) is not None:
            del self._sessions[lease.shard]

    async def commit(self, lease: Lease, commit: Commit) -> Outcome:
        """See the protocol."""
        session = self._session(lease)
        return await session.commit(commit) if session else Outcome.FENCED

    async def save(self, lease: Lease, snapshot: Snapshot) -> Outcome:
        """See the protocol."""
        session = self._session(lease)
        return await snapshots.save(session, snapshot) if session else Outcome.FENCED

    async def reset(self, lease: Lease) -> Outcome:
        """See the protocol."""
        session = self._session(lease)
        return await snapshots.reset(session) if session else Outcome.FENCED

    async def load(self, lease: Lease) -> dict[str, bytes]:
        """See the protocol."""
        session = self._session(lease)
        if session is None:
            raise LeaseLost.because(Outcome.FENCED, lease.shard)
        return await snapshots.load(session)

    async def write_views(
        self, lease: Lease, as_of_ms: int, views: Mapping[str, Fields]
    ) -> Outcome:
        """See the protocol."""
        session = self._session(lease)
        return await view_writes.write(session, as_of_ms, views) if session else Outcome.FENCED

    async def drop_views(self, lease: Lease, views: Sequence[str]) -> Outcome:
        """See the protocol."""
        session = self._session(lease)
        return await view_writes.drop(session, views) if session else Outcome.FENCED

    async def archive(self, lease: Lease, hours: Sequence[SealedHour], keep_ms: int) -> Outcome:
        """See the protocol."""
        session = self._session(lease)
        return await archives.write(session, hours, keep_ms) if session else Outcome.FENCED

    async def read_archive(
        self, shard: ShardKey, floor: str, from_ms: int, to_ms: int
    ) -> list[Hour]:
        """See the protocol."""
        return await archives.read(self._readers, shard, floor, from_ms, to_ms)

    async def teams(self) -> list[tuple[str, str]]:
        """See the protocol."""
        [members] = await self._readers.execute([("SMEMBERS", keys.teams(self._options.prefix))])
        pairs = (_text(member).partition("/") for member in members)
        return sorted((floor, team) for floor, _, team in pairs)

    async def pools(self, shard: ShardKey) -> list[tuple[str, str]]:
        """See the protocol."""
        [listed] = await self._readers.execute([("SMEMBERS", keys.views(shard))])
        return keys.pools_of_views(_text(key) for key in listed)

    async def read_views(self, views: Sequence[str]) -> dict[str, dict[str, str]]:
        """See the protocol."""
        replies = await self._readers.execute([("HGETALL", view) for view in views])
        found = ((view, _fields(reply)) for view, reply in zip(views, replies, strict=True))
        return {view: fields for view, fields in found if fields}

    async def share_rules(
        self, scope: str, worker: str, rules: str, keep_ms: int
    ) -> dict[str, str]:
        """See the protocol."""
        command = script("rules").call(
            (keys.rules(scope, self._options.prefix),), f"{worker} {rules}", keep_ms
        )
        [members] = await self._readers.execute([command])
        pairs = (member.decode().rpartition(" ") for member in members)
        return {name: held for name, _, held in pairs}

    async def memory(self) -> list[ServerMemory]:
        """See the protocol."""
        return [
            ServerMemory(
                info[SERVER], int(info["used_memory"]), int(info["maxmemory"]), eviction(info)
            )
            for info in await self._readers.connect()
        ]

    def _session(self, lease: Lease) -> Session | None:
        """The session of a lease; None if this store has acquired its shard again since."""
        session = self._sessions.get(lease.shard)
        return session if session is not None and session.lease.owner == lease.owner else None

    async def _outbox(self, shard: ShardKey) -> tuple[OutboxEntry, ...]:
        """All entries in the order in which they were committed, read in steps."""
        found: dict[bytes, bytes] = {}
        cursor: bytes | None = None
        while cursor != b"0":
            command = ("HSCAN", keys.outbox(shard), cursor or b"0", "COUNT", 1000)
            [(cursor, flat)] = await self._client.execute([command])
            found.update(zip(flat[::2], flat[1::2], strict=True))
        entries = []
        for name, value in found.items():
            try:
                seq, place, body = value.split(b":", 2)
                entries.append((int(seq), int(place), OutboxEntry(name.decode(), body)))
            except ValueError:
                raise keys.damaged(keys.outbox(shard), f"entry {name[:64]!r}") from None
        return tuple(entry for _, _, entry in sorted(entries, key=lambda row: row[:2]))


def _lease(shard: ShardKey, token: str, reply: Sequence[Any]) -> Lease:
    epoch, seq, offset, as_of_ms, control, manifest, fingerprint, manifest_id, store_id = reply
    try:
        epoch, seq = int(epoch), int(seq or 0)
        offset, as_of_ms = (None if one is None else int(one) for one in (offset, as_of_ms))
    except ValueError:
        raise keys.damaged(keys.shard(shard), "one of epoch, seq, offset, as_of_ms") from None
    lease = Lease(
        shard=shard,
        owner=Owner(epoch, token),
        store_id=_text(store_id),
        manifest=None,
        control=control,
        offset=offset,
        as_of_ms=as_of_ms,
        commit_seq=seq,
        manifest_id=_text(manifest_id or b""),
    )
    try:
        return _with_snapshot(lease, manifest, fingerprint)
    except UnreadableStateError as error:
        return replace(lease, unreadable=str(error))


def _with_snapshot(lease: Lease, manifest: bytes | None, fingerprint: bytes | None) -> Lease:
    """The lease with manifest and fingerprint.

    Raises:
        UnreadableStateError: one of them is damaged, or something is missing beside them.
    """
    commit = {"offset": lease.offset, "as_of_ms": lease.as_of_ms, "control": lease.control}
    missing = [name for name, value in commit.items() if value is None]
    if missing and len(missing) < len(commit):
        raise UnreadableStateError(f"its commit lacks {' and '.join(missing)}")
    found = None if manifest is None else from_text(manifest)
    if (found.id if found else "") != lease.manifest_id:
        raise UnreadableStateError("its snapshot and the manifest's id do not belong together")
    record = RecordFingerprint.from_bytes(fingerprint) if fingerprint else None
    return replace(lease, manifest=found, fingerprint=record)


def _of_another_group(shard: ShardKey, owner: bytes, group: str) -> str:
    return (
        f"the state of {shard.topic}:{shard.partition} belongs to consumer group "
        f"'{_text(owner)}', and this worker is of group '{group}': two groups would take the "
        f"floors from each other. Set [kafka] group = '{_text(owner)}', or a [redis] prefix, which "
        "gives this installation state and views of its own; docs/operations.md says what to do if "
        "the group was renamed"
    )


def _text(value: bytes) -> str:
    """As written by a worker; somebody else may have written bytes that are no UTF-8."""
    return value.decode(errors="replace")


def _fields(reply: Reply) -> dict[str, str]:
    flat = [_text(part) for part in reply]
    pairs = zip(flat[::2], flat[1::2], strict=True)
    return {name: value for name, value in pairs if name not in view_writes.GUARD_FIELDS}
