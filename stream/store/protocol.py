"""What a store guarantees, in types: a shard has one owner, and its state and offset are one unit.

A worker acquires a shard and gets a `Lease`. With it there are three writes, each refused to a
worker that is no longer the owner:

* `Store.commit`, small and atomic: control state, outbox, offset, instant;
* `Store.save`, large and seldom: the snapshot from which a restart replays;
* `Store.write_views`: what people read.

Besides, `Store.archive` stores sealed hours. Their content follows from the records alone, so they
are written before the commit that covers them, and may be written twice.

Order of a restore: `Store.acquire`, `Store.load`, replay the records from the manifest's offset up
to the lease's offset without stepping, step only beyond the lease's `as_of_ms`, and deliver the
lease's outbox.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from stream.store.keys import ShardKey
from stream.store.lease import Lease, OutboxEntry, Outcome
from stream.store.record_fingerprint import RecordFingerprint
from stream.windows.closing.archive import Hour

Fields = Mapping[str, str | float]
"""The fields of a view, which do not change once it was handed to a store."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What one commit stores.

    Keep an outbox entry and a delivered id in every commit until one that contained it was
    stored: repeating is harmless, since entries are told apart by their ids. An id in both
    `outbox` and `delivered` (paged while the store was unavailable) is not stored. Commit before a
    thousand entries have gathered: so many block Redis for some 3 ms, five thousand for 45 ms.
    """

    control: bytes
    offset: int
    """The first record that is not contained; never lower than that of the previous commit."""
    as_of_ms: int
    outbox: tuple[OutboxEntry, ...] = ()
    delivered: tuple[str, ...] = ()
    fingerprint: RecordFingerprint | None = None
    """Of the last record that is contained. None: no record is, or 0.1.0 stored it."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one save stores."""

    parts: Mapping[str, bytes]
    """Parts that changed since the last snapshot, by name."""
    names: tuple[str, ...]
    """All current parts; others are dropped."""
    offset: int
    """The first record that is not contained; not beyond that of the last commit."""
    as_of_ms: int
    format: int
    partitions: int
    fingerprint: RecordFingerprint | None = None


@dataclass(frozen=True, slots=True)
class SealedHour:
    """An hour of a floor for the archive."""

    floor: str
    start_ms: int
    blob: bytes
    """See `stream.windows.closing.archive.encode`."""


@dataclass(frozen=True, slots=True)
class ServerMemory:
    """The memory of one server that holds state."""

    server: str
    """Its address."""
    used_bytes: int
    max_bytes: int
    """0: it has no limit of its own."""
    unfit: str = ""
    """Why the server must not hold state any more, as text; empty: it may."""


class Store(Protocol):
    """One store of all shards, used by one worker in one event loop.

    All methods but `forget` wait for the store. They may raise ServiceError when it does not answer
    within the patience of `StoreOptions`, and StateError when it holds what this version must not
    use.
    They may be cancelled at any point: an unconfirmed write is kept, and is sent again unchanged
    before the next write of the same lease, so it is applied once and in its place.

    A task calls the methods of its lease; `save` may run beside the others, which take turns.
    """

    async def open(self) -> None:
        """Connect and check the store. The worker calls it when it starts, until it succeeds.

        Raises:
            ServiceError: it is unavailable, or refuses the login.
            StateError: it is too old, or may evict keys; the text says what to do.
        """

    async def close(self) -> None:
        """Close the connections, when the worker stops. Unconfirmed writes stay unconfirmed."""

    async def acquire(self, shard: ShardKey) -> Lease:
        """Become the shard's owner; every earlier lease is FENCED from now on.

        Called for each assigned partition. Atomic: one step raises the epoch, stores the token, and
        reads control, offset and manifest. The outbox is read after it, which no other worker may
        write any more. Pieces that a crashed save left behind are removed.
        """

    def forget(self, lease: Lease) -> None:
        """Free the memory of a lease, when its task is dropped; its writes are FENCED. No I/O."""

    async def commit(self, lease: Lease, commit: Commit) -> Outcome:
        """Store control, offset, instant and outbox as one.

        Called about once a second, and after each transition. Atomic: all of it or nothing. Refused
        unless the lease owns the shard and the store holds exactly what its last commit and save
        left, and hours archived since. If it raises ServiceError the commit may be applied later,
        unchanged; a newer one may be handed in at any time.

        Raises:
            ValueError: the offset goes back.
        """

    async def save(self, lease: Lease, snapshot: Snapshot) -> Outcome:
        """Make this snapshot the one that a restore starts from.

        Called once in `TaskLimits.snapshot_records`, and when a task is drained. The parts are
        uploaded under new names, then one atomic step replaces the manifest, then the old versions
        are removed. A crash in between leaves the old snapshot whole. Commits of the same lease may
        go on meanwhile. If it raises, the parts are kept and go with the next save. Refused like a
        commit, and if the store lost some of what was uploaded.

        Raises:
            ValueError: the snapshot lies beyond the last commit (commit first), or names a part
                that was never saved.
        """

    async def reset(self, lease: Lease) -> Outcome:
        """Drop commit and snapshot, which are of another log; outbox, views and hours stay."""

    async def load(self, lease: Lease) -> dict[str, bytes]:
        """Load all parts of the snapshot by name, after `acquire`; empty without a manifest.

        Raises:
            LeaseLost: another worker has acquired the shard, or the store was set back.
            StateError: parts are missing or damaged.
        """

    async def write_views(
        self, lease: Lease, as_of_ms: int, views: Mapping[str, Fields]
    ) -> Outcome:
        """Publish these views: whole fields and values by key (see `stream.store.keys`).

        Values are texts, or numbers in the fields whose formats the store was given.

        Called each time that figures are published. Atomic for each view, not over several. Only
        changes are sent; fields that are gone are removed; views that are not named stay unchanged.
        A view is accepted only with (epoch, as_of) not below the stored ones: ALREADY if any has a
        later instant, FENCED if any is of a later owner, MISMATCH if the store was set back.
        """

    async def drop_views(self, lease: Lease, views: Sequence[str]) -> Outcome:
        """Remove views, by key, after `write_views`. Atomic for each view."""

    async def archive(self, lease: Lease, hours: Sequence[SealedHour], keep_ms: int) -> Outcome:
        """Archive sealed hours for keep_ms from now; call it before the commit that covers them.

        An hour that is listed already stays as it is. One that began keep_ms or more before a later
        hour is no longer listed. Atomic for each hour. FENCED or MISMATCH if another worker owns
        the shard or the store was set back to before the lease; then nothing was written.
        """

    async def read_archive(
        self, shard: ShardKey, floor: str, from_ms: int, to_ms: int
    ) -> list[Hour]:
        """The hours of a floor that began in [from_ms, to_ms), in order. Any worker may call it.

        Raises:
            StateError: one is damaged, or of another format.
        """

    async def teams(self) -> list[tuple[str, str]]:
        """(floor, team) of all that have a view, sorted. Any worker may ask."""

    async def pools(self, shard: ShardKey) -> list[tuple[str, str]]:
        """(floor, pool) whose views this shard may have written, sorted. Any worker may ask."""

    async def read_views(self, views: Sequence[str]) -> dict[str, dict[str, str]]:
        """Fields of those views that exist, by key; each read as one. Any worker may ask."""

    async def share_rules(
        self, scope: str, worker: str, rules: str, keep_ms: int
    ) -> dict[str, str]:
        """Say by which rules a worker works; returns those of all workers that have said so.

        Args:
            scope: the workers that are compared.
            worker: the name of this one, without spaces.
            rules: the fingerprint of its rules.
            keep_ms: how long this is valid, by the store's clock; 0: the worker ends.
        """

    async def memory(self) -> list[ServerMemory]:
        """How much memory each server has left; none if unknown. Polled by the worker's gauges."""
