"""What a store promises, in types: one shard has one owner, and its state and offset are one thing.

A worker acquires a shard and gets a `Lease`. With it there are three writes, each refused for
whoever is no longer the owner:

* `Store.commit`, small and atomic: control state, outbox, offset, instant;
* `Store.save`, large and seldom: the snapshot from which a restart replays;
* `Store.write_views`: what people read.

Beside them `Store.archive` keeps hours that are sealed. What is in one follows from the records
alone, so it goes ahead of the commit that covers them, and may go twice.

Order of a restore: `Store.acquire`, `Store.load`, replay the records from the manifest's offset up
to the lease's offset without stepping, step only beyond the lease's `as_of_ms`, and deliver what
stands in the lease's outbox.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, Self

from stream.errors import StateError
from stream.store.keys import ShardKey
from stream.windows.closing.archive import Hour


class Outcome(StrEnum):
    """How a guarded write ended."""

    OK = "OK"
    """Stored."""
    FENCED = "FENCED"
    """Another has acquired the shard; nothing was written. The lease is dead."""
    ALREADY = "ALREADY"
    """Stored before: the reply to the first attempt was lost. Nothing was written twice."""
    MISMATCH = "MISMATCH"
    """The store was set back to before my last write; nothing was written. The lease is dead:
    acquire again and rewind, if the shard is still assigned."""

    @property
    def stored(self) -> bool:
        """Whether what was sent now stands in the store."""
        return self in {Outcome.OK, Outcome.ALREADY}


class LeaseLost(StateError):
    """Another worker has acquired the shard, or the store was set back, while it was loaded."""

    @classmethod
    def because(cls, outcome: Outcome, shard: ShardKey) -> Self:
        """The error for a read that ended with this refusal, FENCED or MISMATCH."""
        name = f"{shard.topic}:{shard.partition}"
        if outcome is Outcome.MISMATCH:
            return cls(f"the store was set back while {name} was loaded")
        return cls(f"another worker has acquired {name}")


@dataclass(frozen=True, slots=True)
class Owner:
    """Who may write: the token tells apart two of one epoch."""

    epoch: int
    """Grows with each acquisition, also over those that the store has lost: it follows a clock."""
    token: str


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One thing to be delivered at least once; whoever receives it knows repeats by the id."""

    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """Where one part of a snapshot lies."""

    version: str
    """The id of the manifest with which it was saved."""
    pieces: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The snapshot that a restore starts from."""

    id: str
    store_id: str
    """The store into which it was saved; see `Lease.store_id`."""
    format: int
    """Of the parts, as the shard counts its formats."""
    partitions: int
    """Of the topic when it was saved."""
    offset: int
    """The first record that the snapshot does not contain."""
    as_of_ms: int
    parts: Mapping[str, Part]


@dataclass(frozen=True, slots=True)
class Lease:
    """One ownership of a shard, and what stood in the store when it began."""

    shard: ShardKey
    owner: Owner
    store_id: str
    """Random, new for this shard in each store that does not hold it (any more)."""
    manifest: Manifest | None
    """None: nothing was ever saved."""
    control: bytes | None
    """Of the last commit; None, with `offset` and `as_of_ms`: nothing was ever committed."""
    offset: int | None
    """The first record that the last commit does not contain."""
    as_of_ms: int | None
    commit_seq: int
    """How many commits there were."""
    outbox: tuple[OutboxEntry, ...] = ()
    """Committed and not yet delivered, in order."""
    views: frozenset[str] = frozenset()
    """Keys of the views that this shard may have left; drop those that it no longer has."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What one commit stores.

    Keep an outbox entry and a delivered id in every commit until one that contained it was
    stored: repeating is harmless, since entries are told apart by their ids. An id in both
    `outbox` and `delivered` (paged while the store was away) is not kept. Commit before a
    thousand entries have gathered: so many hold Redis up for some 3 ms, five thousand for 45 ms.
    """

    control: bytes
    offset: int
    """The first record that is not contained; never lower than that of the commit before."""
    as_of_ms: int
    outbox: tuple[OutboxEntry, ...] = ()
    delivered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one save stores."""

    parts: Mapping[str, bytes]
    """Parts that changed since the last snapshot, by name."""
    names: tuple[str, ...]
    """All parts that there are now; others are dropped."""
    offset: int
    """The first record that is not contained; not beyond that of the last commit."""
    as_of_ms: int
    format: int
    partitions: int


@dataclass(frozen=True, slots=True)
class SealedHour:
    """An hour of a floor for the archive."""

    floor: str
    start_ms: int
    blob: bytes
    """See `stream.windows.closing.archive.encode`."""


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """How long a store tries, and what it knows beforehand."""

    patience_s: float = 5.0
    """How long a call goes on trying before it raises ServiceError."""
    answer_timeout_s: float = 3.0
    connect_timeout_s: float = 2.0
    backoff_s: tuple[float, ...] = field(default=(0.0, 0.05, 0.1, 0.2, 0.5, 1.0))
    """Pauses between attempts; the last one repeats."""
    view_fields: tuple[str, ...] = ()
    """Fields that most views have: they are sent as numbers. Others may be written all the same."""


@dataclass(frozen=True, slots=True)
class ServerMemory:
    """The memory of one server that holds state."""

    server: str
    """Its address."""
    used_bytes: int
    max_bytes: int
    """0: it has no limit of its own."""


class Store(Protocol):
    """One store of all shards, used by one worker in one event loop.

    All methods but `forget` may raise ServiceError when the store does not answer within
    `StoreOptions.patience_s`, and StateError when it holds what this version must not use.
    They may be cancelled at any point: what was being sent is kept, and is sent again as it was
    before the next write of the same lease, so it is applied once and in its place.
    """

    async def open(self) -> None:
        """Connect and check the store.

        Raises:
            ServiceError: it is not there, or does not let us in.
            StateError: it is too old, or may evict keys; the text says what to do.
        """

    async def close(self) -> None:
        """Drop the connections. What was not confirmed stays unconfirmed."""

    async def acquire(self, shard: ShardKey) -> Lease:
        """Become the shard's owner; every earlier lease is FENCED from now on.

        Atomic: the epoch is raised, the token stored, control, offset and manifest read, in one
        step. The outbox is read after it, which no one else may write any more. Pieces that a
        crashed save left behind are removed.
        """

    def forget(self, lease: Lease) -> None:
        """Free the memory kept for a lease; the store is not told. Its writes are FENCED."""

    async def commit(self, lease: Lease, commit: Commit) -> Outcome:
        """Store control, offset, instant and outbox as one.

        Atomic: all of it or nothing. Refused unless the lease owns the shard and the store holds
        exactly what its last commit and its last save left, and hours archived since. If it
        raises ServiceError the commit may be applied later, as it was; hand in a newer one when
        you like.

        Raises:
            ValueError: the offset goes back.
        """

    async def save(self, lease: Lease, snapshot: Snapshot) -> Outcome:
        """Make this snapshot the one that a restore starts from.

        The parts are uploaded under new names, then one atomic step puts the new manifest in the
        place of the old one, then the old versions are removed. A crash in between leaves the old
        snapshot whole. Commits of the same lease may go on meanwhile. If it raises, the parts are
        kept and go with the next save. Refused like a commit, and if the store lost some of what
        was uploaded.

        Raises:
            ValueError: the snapshot lies beyond the last commit (commit first), or names a part
                that was never saved.
        """

    async def load(self, lease: Lease) -> dict[str, bytes]:
        """All parts of the snapshot by name; empty without a manifest.

        Raises:
            LeaseLost: another has acquired the shard, or the store was set back.
            StateError: parts are missing or damaged.
        """

    async def write_views(
        self, lease: Lease, as_of_ms: int, views: Mapping[str, Mapping[str, str]]
    ) -> Outcome:
        """Show these views: whole fields and values by key (see `stream.store.keys`).

        Atomic for each view, not over several. Only what changed is sent; fields that are gone
        are removed; views that are not named stay as they are. A view is taken only with (epoch,
        as_of) not below what stands there: ALREADY if any shows a later instant, FENCED if any
        is of a later owner, MISMATCH if the store was set back.
        """

    async def drop_views(self, lease: Lease, views: Sequence[str]) -> Outcome:
        """Remove views, by key. Atomic for each view."""

    async def archive(self, lease: Lease, hours: Sequence[SealedHour], keep_ms: int) -> Outcome:
        """Keep sealed hours for keep_ms from now; to be called before the commit.

        An hour that is listed already stays as it is. One that began keep_ms or more before an
        hour that comes after it is listed no longer. Atomic for each hour. FENCED or MISMATCH if
        another owns the shard or the store was set back to before the lease; then nothing was
        written.
        """

    async def read_archive(
        self, shard: ShardKey, floor: str, from_ms: int, to_ms: int
    ) -> list[Hour]:
        """The hours of a floor that began in [from_ms, to_ms), in order. Any worker may ask.

        Raises:
            StateError: one is damaged, or of another format.
        """

    async def teams(self) -> list[tuple[str, str]]:
        """(floor, team) of all that have a view, sorted. Any worker may ask."""

    async def pools(self, shard: ShardKey) -> list[tuple[str, str]]:
        """(floor, pool) whose views this shard may have written, sorted. Any worker may ask."""

    async def read_views(self, views: Sequence[str]) -> dict[str, dict[str, str]]:
        """Fields of those views that exist, by key; each read as one. Any worker may ask."""

    async def memory(self) -> list[ServerMemory]:
        """How much memory each server has left; none where that cannot be said."""
