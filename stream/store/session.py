"""What the Redis store remembers of one lease while its worker writes with it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from stream.store import keys
from stream.store.connection import Reply
from stream.store.manifest import check_commit
from stream.store.protocol import Commit, Lease, Manifest, Outcome
from stream.store.retrying_client import RetryingClient
from stream.store.scripts import Command, script


@dataclass(frozen=True, slots=True)
class Pending:
    """A command that is being sent, kept until Redis has confirmed or refused it."""

    command: Command
    confirmed: Callable[[], None]


@dataclass(slots=True)
class Session:
    """State of one lease. All of it is confirmed; what is not stands in `pending`."""

    lease: Lease
    wire: RetryingClient
    seq: int
    offset: int | None
    manifest: Manifest | None
    ended: Outcome = Outcome.OK
    """FENCED or MISMATCH once the lease is dead."""
    pending: Pending | None = None
    unsaved: dict[str, bytes] = field(default_factory=dict)
    """Changed parts of saves that did not come to their end."""
    revision: int = 0
    """Counts the calls that write views."""
    shown: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    """By view: the revision that Redis has confirmed, and its fields."""
    archived: dict[str, set[int]] = field(default_factory=dict)
    """By list of hours: starts of those that no confirmed commit rests on yet."""
    writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    saving: asyncio.Lock = field(default_factory=asyncio.Lock)
    showing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def begin(cls, lease: Lease, wire: RetryingClient) -> Self:
        """The session of a fresh lease."""
        return cls(lease, wire, lease.commit_seq, lease.offset, lease.manifest)

    @property
    def bearer(self) -> tuple[int, str]:
        """Epoch and token, as the guard of the scripts takes them."""
        return (self.lease.owner.epoch, self.lease.owner.token)

    @property
    def ground(self) -> tuple[int, str]:
        """What the store holds if nothing befell it: commits and the manifest's id, or ""."""
        return (self.seq, self.manifest.id if self.manifest else "")

    def heed(self, reply: Reply) -> Outcome:
        """A script's answer; one that refuses the bearer ends the session."""
        outcome = Outcome(reply.decode())
        if outcome in {Outcome.FENCED, Outcome.MISMATCH}:
            self.ended, self.pending = outcome, None
        return outcome

    async def owns(self) -> Outcome:
        """Ask whether the lease still owns the shard: OK, FENCED or MISMATCH."""
        if self.ended is not Outcome.OK:
            return self.ended
        command = script("owner").call((keys.shard(self.lease.shard),), *self.bearer)
        return self.heed((await self.wire.ask([command]))[0])

    async def stands(self) -> Outcome:
        """As `owns`, and MISMATCH too if the store is not as this lease's last write left it."""
        async with self.writing:
            outcome = await self.settle()
            if not outcome.stored:
                return outcome
            arguments = (*self.bearer, *self.ground)
            command = script("owner").call((keys.shard(self.lease.shard),), *arguments)
            return self.heed((await self.wire.ask([command]))[0])

    async def settle(self) -> Outcome:
        """Bring what is pending to its end. Call it while holding `writing`.

        It is sent as it was: after a lost reply that is the only thing that cannot apply twice.
        """
        if self.ended is not Outcome.OK or self.pending is None:
            return self.ended
        pending = self.pending
        outcome = self.heed((await self.wire.ask([pending.command]))[0])
        if outcome.stored:
            pending.confirmed()
            self.pending = None
        return outcome

    async def write(self, prepare: Callable[[], Pending]) -> Outcome:
        """Settle what is pending, then send what `prepare` makes on top of it."""
        async with self.writing:
            outcome = await self.settle()
            if not outcome.stored:
                return outcome
            self.pending = prepare()
            return await self.settle()

    async def commit(self, commit: Commit) -> Outcome:
        """See `stream.store.protocol.Store.commit`."""
        return await self.write(lambda: self._prepared(commit))

    def _prepared(self, commit: Commit) -> Pending:
        check_commit(self.offset, commit)
        shard, seq = self.lease.shard, self.seq + 1
        entries: list[str | bytes] = []
        for place, entry in enumerate(commit.outbox):
            entries += (entry.id, b"%d:%d:%b" % (seq, place, entry.body))
        hours = [(listed, at) for listed, starts in self.archived.items() for at in starts]
        command = script("commit").call(
            (keys.shard(shard), keys.outbox(shard), *(listed for listed, _ in hours)),
            *(*self.bearer, *self.ground),
            *(seq, commit.offset, commit.as_of_ms, commit.control),
            *(*(start_ms for _, start_ms in hours), len(commit.outbox), *entries),
            *commit.delivered,
        )

        def confirmed() -> None:
            self.seq, self.offset = seq, commit.offset
            for listed, start_ms in hours:
                self.archived[listed].discard(start_ms)

        return Pending(command, confirmed)
