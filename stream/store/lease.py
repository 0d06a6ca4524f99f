"""A lease: one ownership of a shard, with what the store held when it began; and how writes end."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from stream.errors import StateError
from stream.store.keys import ShardKey
from stream.store.record_fingerprint import RecordFingerprint


class Outcome(StrEnum):
    """How a guarded write ended."""

    OK = "OK"
    """Stored."""
    FENCED = "FENCED"
    """Another worker has acquired the shard; nothing was written. The lease is dead."""
    ALREADY = "ALREADY"
    """Stored before: the reply to the first attempt was lost. Nothing was written twice."""
    MISMATCH = "MISMATCH"
    """The store was set back to before this lease's last write; nothing was written. The lease is
    dead: acquire again and rewind, if the shard is still assigned."""

    @property
    def stored(self) -> bool:
        """Whether the store now holds what was sent."""
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
    """Who may write: the token tells two owners of one epoch apart."""

    epoch: int
    """Grows with each acquisition, even over those that the store has lost: it follows a clock."""
    token: str


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One message to be delivered at least once; receivers recognise repeats by the id."""

    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """Where one part of a snapshot is stored."""

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
    """Of the parts, as the shard numbers its formats."""
    partitions: int
    """Of the topic when it was saved."""
    offset: int
    """The first record that the snapshot does not contain."""
    as_of_ms: int
    parts: Mapping[str, Part]
    fingerprint: RecordFingerprint | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """One ownership of a shard, and what the store held when it began."""

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
    fingerprint: RecordFingerprint | None = None

    manifest_id: str = ""
    """Of the stored manifest, even of one that cannot be read."""
    unreadable: str = ""
    """What of commit and manifest is damaged, as text; then `manifest` is None."""
