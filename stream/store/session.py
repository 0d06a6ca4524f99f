"""What the Redis store remembers of one lease while its worker writes with it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from stream.store import keys
from stream.store.connection import Reply
from stream.store.lease import Lease, Manifest, Outcome
from stream.store.manifest import check_commit
from stream.store.protocol import Commit, Fields
from stream.store.retrying_client import RetryingClient
from stream.store.scripts import Command, script


@dataclass(frozen=True, slots=True)
class Pending:
    """A command being sent, kept until Redis has confirmed or refused it."""

    command: Command
    confirmed: Callable[[], None]


@dataclass(slots=True)
class Session:
    """State of one lease. All of it is confirmed, except `pending`."""

    lease: Lease
    client: RetryingClient
    seq: int
    offset: int | None
    manifest: Manifest | None
    manifest_id: str
    """Of the stored manifest; empty: there is none."""
    status: Outcome = Outcome.OK
    """FENCED or MISMATCH once the lease is dead."""
    pending: Pending | None = None
    unsaved: dict[str, bytes] = field(default_factory=dict)
    """Changed parts of saves that did not complete."""
    revision: int = 0
    """Counts the calls that write views."""
    confirmed_views: dict[str, tuple[int, Fields]] = field(default_factory=dict)
    """By view: the revision that Redis has confirmed, and its fields."""
    whole_views_s: dict[str, float] = field(default_factory=dict)
    """By view: when it was last written whole (monotonic); the longest ago comes first."""
    refreshed_s: float = field(default_factory=time.monotonic)
    """When views were last chosen to be written whole again."""
    archived: dict[str, set[int]] = field(default_factory=dict)
    """By key of a floor's hours: starts of those that no confirmed commit covers yet."""
    write_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    save_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    view_lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def begin(cls, lease: Lease, client: RetryingClient) -> Self:
        """The session of a new lease."""
        return cls(lease, client, lease.commit_seq, lease.offset, lease.manifest, lease.manifest_id)

    def confirmed_fields(self, view: str) -> Fields:
        """The fields of a view that Redis has confirmed; none if that is not certain."""
        return self.confirmed_views.get(view, (0, {}))[1]

    @property
    def fence(self) -> tuple[int, str]:
        """Epoch and token: the fencing arguments of the scripts' guard."""
        return (self.lease.owner.epoch, self.lease.owner.token)

    @property
    def expected(self) -> tuple[int, str]:
        """What the store must still hold: the number of commits, and the manifest's id or ""."""
        return (self.seq, self.manifest_id)

    def check_reply(self, reply: Reply) -> Outcome:
        """Convert a script's answer; a refusal ends the session."""
        outcome = Outcome(reply.decode())
        if outcome in {Outcome.FENCED, Outcome.MISMATCH}:
            self.status, self.pending = outcome, None
        return outcome

    async def check_owner(self) -> Outcome:
        """Ask whether the lease still owns the shard: OK, FENCED or MISMATCH."""
        if self.status is not Outcome.OK:
            return self.status
        command = script("owner").call((keys.shard(self.lease.shard),), *self.fence)
        return self.check_reply((await self.client.execute([command]))[0])

    async def check_unchanged(self) -> Outcome:
        """As `check_owner`, and MISMATCH if the store is not as this lease's last write left it."""
        async with self.write_lock:
            outcome = await self.resolve_pending()
            if not outcome.stored:
                return outcome
            arguments = (*self.fence, *self.expected)
            command = script("owner").call((keys.shard(self.lease.shard),), *arguments)
            return self.check_reply((await self.client.execute([command]))[0])

    async def resolve_pending(self) -> Outcome:
        """Complete the pending write. Call it while holding `write_lock`.

        It is sent unchanged: after a lost reply that is the only way that cannot apply it twice.
        """
        if self.status is not Outcome.OK or self.pending is None:
            return self.status
        pending = self.pending
        outcome = self.check_reply((await self.client.execute([pending.command]))[0])
        if outcome.stored:
            pending.confirmed()
            self.pending = None
        return outcome

    async def write(self, prepare: Callable[[], Pending]) -> Outcome:
        """Complete the pending write, then send what `prepare` builds on top of it."""
        async with self.write_lock:
            outcome = await self.resolve_pending()
            if not outcome.stored:
                return outcome
            self.pending = prepare()
            return await self.resolve_pending()

    async def commit(self, commit: Commit) -> Outcome:
        """See `stream.store.protocol.Store.commit`."""
        return await self.write(lambda: self._prepared(commit))

    def _prepared(self, commit: Commit) -> Pending:
        check_commit(self.offset, commit)
        shard, seq = self.lease.shard, self.seq + 1
        entries: list[str | bytes] = []
        for place, entry in enumerate(commit.outbox):
            entries += (entry.id, b"%d:%d:%b" % (seq, place, entry.body))
        hours = [(hours_key, at) for hours_key, starts in self.archived.items() for at in starts]
        command = script("commit").call(
            (keys.shard(shard), keys.outbox(shard), *(hours_key for hours_key, _ in hours)),
            *(*self.fence, *self.expected),
            *(seq, commit.offset, commit.as_of_ms, commit.control),
            b"" if commit.fingerprint is None else commit.fingerprint.to_bytes(),
            *(*(start_ms for _, start_ms in hours), len(commit.outbox), *entries),
            *commit.delivered,
        )

        def confirmed() -> None:
            self.seq, self.offset = seq, commit.offset
            for hours_key, start_ms in hours:
                self.archived[hours_key].discard(start_ms)

        return Pending(command, confirmed)
