"""The store in memory: the same guarantees in few lines, for tests and replays in one process.

It shares no parts with the Redis store, so that a property test can compare the two.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from stream.store import keys
from stream.store.keys import ShardKey
from stream.store.lease import Lease, LeaseLost, Manifest, OutboxEntry, Outcome, Owner, Part
from stream.store.manifest import check_commit, check_snapshot
from stream.store.memory_server import MemoryServer, StoredShard, StoredView
from stream.store.protocol import Commit, Fields, SealedHour, ServerMemory, Snapshot
from stream.windows.closing.archive import Hour, decode


@dataclass(slots=True)
class _Session:
    """What one lease has confirmed."""

    owner: Owner
    seq: int
    offset: int | None
    manifest: Manifest | None
    status: Outcome = Outcome.OK
    archived: set[tuple[str, int]] = field(default_factory=set)
    """Floor and start of archived hours that no commit covers yet."""


class MemoryStore:
    """`stream.store.protocol.Store` in memory; nothing in it waits, so every call is atomic.

    Args:
        server: what it shares with other stores.
        view_fields: as of `stream.store.options.StoreOptions`.
    """

    def __init__(
        self, server: MemoryServer | None = None, view_fields: Iterable[tuple[str, str]] = ()
    ) -> None:
        self.server = server or MemoryServer()
        self._formats = dict(view_fields)
        self.lose_reply = False
        """Act as if the reply to the next commit or save were lost, and it were sent again."""
        self._sessions: dict[ShardKey, _Session] = {}

    async def open(self) -> None:
        """See the protocol."""

    async def close(self) -> None:
        """See the protocol."""

    async def acquire(self, shard: ShardKey) -> Lease:
        """See the protocol."""
        state = self.server.shards.setdefault(shard, StoredShard())
        self.server.acquired += 1
        state.owner = Owner(self.server.acquired, secrets.token_hex(16))
        last = state.commit
        offset = last.offset if last else None
        self._sessions[shard] = _Session(state.owner, state.seq, offset, state.manifest)
        return Lease(
            shard=shard,
            owner=state.owner,
            store_id=self.server.id,
            manifest=state.manifest,
            control=last.control if last else None,
            offset=offset,
            as_of_ms=last.as_of_ms if last else None,
            commit_seq=state.seq,
            outbox=tuple(OutboxEntry(name, body) for name, body in state.outbox.items()),
            views=frozenset(state.views),
            fingerprint=last.fingerprint if last else None,
        )

    def forget(self, lease: Lease) -> None:
        """See the protocol."""
        if self._session(lease) is not None:
            del self._sessions[lease.shard]

    async def commit(self, lease: Lease, commit: Commit) -> Outcome:
        """See the protocol."""
        session, state, refused = self._checked(lease)
        if session is None or refused is not Outcome.OK:
            return refused
        check_commit(session.offset, commit)
        held = {(floor, at) for floor, hours in state.hours.items() for at in hours}
        if not _is_unchanged(session, state) or not session.archived <= held:
            return self._end(session, Outcome.MISMATCH)
        session.archived.clear()
        state.seq, state.commit = state.seq + 1, replace(commit, outbox=(), delivered=())
        for entry in commit.outbox:
            state.outbox.setdefault(entry.id, entry.body)
        for name in commit.delivered:
            state.outbox.pop(name, None)
        session.seq, session.offset = state.seq, commit.offset
        return self._reply()

    async def save(self, lease: Lease, snapshot: Snapshot) -> Outcome:
        """See the protocol."""
        session, state, refused = self._checked(lease)
        if session is None or refused is not Outcome.OK:
            return refused
        check_snapshot(session.offset, session.manifest, snapshot, snapshot.parts)
        if not _is_unchanged(session, state):
            return self._end(session, Outcome.MISMATCH)
        old = dict(state.manifest.parts) if state.manifest else {}
        name = secrets.token_hex(8)
        new = {part: Part(name, 1) for part in snapshot.parts}
        state.manifest = session.manifest = Manifest(
            id=name,
            store_id=lease.store_id,
            format=snapshot.format,
            partitions=snapshot.partitions,
            offset=snapshot.offset,
            as_of_ms=snapshot.as_of_ms,
            parts={part: new.get(part) or old[part] for part in snapshot.names},
            fingerprint=snapshot.fingerprint,
        )
        parts = {**state.parts, **snapshot.parts}
        state.parts = {part: parts[part] for part in snapshot.names}
        return self._reply()

    async def reset(self, lease: Lease) -> Outcome:
        """See the protocol."""
        session, state, refused = self._checked(lease)
        if session is None or refused is not Outcome.OK:
            return refused
        if state.commit is None and state.manifest is None:
            return Outcome.ALREADY
        if not _is_unchanged(session, state):
            return self._end(session, Outcome.MISMATCH)
        state.commit, state.manifest, state.parts = None, None, {}
        session.offset, session.manifest = None, None
        return self._reply()

    async def load(self, lease: Lease) -> dict[str, bytes]:
        """See the protocol."""
        session, state, refused = self._checked(lease)
        if session is None or refused is not Outcome.OK:
            raise LeaseLost.because(refused, lease.shard)
        if not _is_unchanged(session, state):
            raise LeaseLost.because(self._end(session, Outcome.MISMATCH), lease.shard)
        return dict(state.parts)

    async def write_views(
        self, lease: Lease, as_of_ms: int, views: Mapping[str, Fields]
    ) -> Outcome:
        """See the protocol."""
        session, state, refused = self._checked(lease)
        if session is None or refused is not Outcome.OK:
            return refused
        epoch = session.owner.epoch
        outcome = Outcome.OK
        for key, fields in views.items():
            current = self.server.views.get(key)
            if current and (current.epoch, current.as_of_ms) > (
                epoch,
                as_of_ms,
            ):
                outcome = Outcome.ALREADY
                continue
            texts = {
                field: value if isinstance(value, str) else self._formats[field] % value
                for field, value in fields.items()
            }
            self.server.views[key] = StoredView(epoch, as_of_ms, texts)
            state.views.add(key)
        self.server.teams |= {team for key in views if (team := keys.team_of_view(key))}
        return outcome

    async def drop_views(self, lease: Lease, views: Sequence[str]) -> Outcome:
        """See the protocol."""
        _, state, refused = self._checked(lease)
        if refused is not Outcome.OK:
            return refused
        for key in views:
            self.server.views.pop(key, None)
            self.server.teams.discard(keys.team_of_view(key) or "")
            state.views.discard(key)
        return Outcome.OK

    async def archive(self, lease: Lease, hours: Sequence[SealedHour], keep_ms: int) -> Outcome:
        """See the protocol; here nothing expires by the clock."""
        session, state, refused = self._checked(lease)
        if session is None or refused is not Outcome.OK:
            return refused
        for hour in hours:
            held = state.hours.setdefault(hour.floor, {})
            if hour.start_ms not in held:
                held[hour.start_ms] = hour.blob
                for start_ms in [at for at in held if at <= hour.start_ms - keep_ms]:
                    del held[start_ms]
            session.archived.add((hour.floor, hour.start_ms))
        gone = {(floor, at) for floor, at in session.archived if at not in state.hours[floor]}
        session.archived -= gone
        return Outcome.OK

    async def read_archive(
        self, shard: ShardKey, floor: str, from_ms: int, to_ms: int
    ) -> list[Hour]:
        """See the protocol."""
        state = self.server.shards.get(shard)
        hours = state.hours.get(floor, {}) if state else {}
        return [decode(hours[at]) for at in sorted(hours) if from_ms <= at < to_ms]

    async def teams(self) -> list[tuple[str, str]]:
        """See the protocol."""
        pairs = (member.partition("/") for member in self.server.teams)
        return sorted((floor, team) for floor, _, team in pairs)

    async def pools(self, shard: ShardKey) -> list[tuple[str, str]]:
        """See the protocol."""
        state = self.server.shards.get(shard)
        return keys.pools_of_views(state.views) if state else []

    async def read_views(self, views: Sequence[str]) -> dict[str, dict[str, str]]:
        """See the protocol."""
        found = ((key, self.server.views.get(key)) for key in views)
        return {key: dict(view.fields) for key, view in found if view and view.fields}

    async def share_rules(
        self, scope: str, worker: str, rules: str, keep_ms: int
    ) -> dict[str, str]:
        """See the protocol; here nothing expires by the clock."""
        held = self.server.rules.setdefault(scope, {})
        held[worker] = rules
        if keep_ms == 0:
            del held[worker]
        return dict(held)

    async def memory(self) -> list[ServerMemory]:
        """See the protocol."""
        return []

    def _session(self, lease: Lease) -> _Session | None:
        session = self._sessions.get(lease.shard)
        return session if session is not None and session.owner == lease.owner else None

    def _checked(self, lease: Lease) -> tuple[_Session | None, StoredShard, Outcome]:
        """Session and shard of a lease, and OK or why it may not write."""
        session = self._session(lease)
        state = self.server.shards.setdefault(lease.shard, StoredShard())
        if session is None:
            return None, state, Outcome.FENCED
        if session.status is not Outcome.OK:
            return session, state, session.status
        if state.owner.epoch < session.owner.epoch:
            return session, state, self._end(session, Outcome.MISMATCH)
        if state.owner != session.owner:
            return session, state, self._end(session, Outcome.FENCED)
        return session, state, Outcome.OK

    def _end(self, session: _Session, outcome: Outcome) -> Outcome:
        session.status = outcome
        return outcome

    def _reply(self) -> Outcome:
        lost, self.lose_reply = self.lose_reply, False
        return Outcome.ALREADY if lost else Outcome.OK


def _is_unchanged(session: _Session, state: StoredShard) -> bool:
    """Whether the shard is as the lease's last write left it."""
    return (state.seq, state.manifest) == (session.seq, session.manifest)
