"""What stores in memory share, as workers share one Redis; it can be copied and set back."""

import copy
import secrets
from dataclasses import dataclass, field

from stream.store.keys import ShardKey
from stream.store.lease import Manifest, Owner
from stream.store.protocol import Commit

NOBODY = Owner(0, "")


@dataclass(slots=True)
class StoredShard:
    """What is stored of one shard."""

    owner: Owner = NOBODY
    seq: int = 0
    commit: Commit | None = None
    manifest: Manifest | None = None
    parts: dict[str, bytes] = field(default_factory=dict)
    outbox: dict[str, bytes] = field(default_factory=dict)
    views: set[str] = field(default_factory=set)
    hours: dict[str, dict[int, bytes]] = field(default_factory=dict)


@dataclass(slots=True)
class StoredView:
    """A view, and by which owner and for which instant it was written."""

    epoch: int
    as_of_ms: int
    fields: dict[str, str]


@dataclass(slots=True)
class MemoryServer:
    """What several stores share, as several workers share one Redis."""

    id: str = field(default_factory=lambda: secrets.token_hex(8))
    shards: dict[ShardKey, StoredShard] = field(default_factory=dict)
    views: dict[str, StoredView] = field(default_factory=dict)
    teams: set[str] = field(default_factory=set)
    rules: dict[str, dict[str, str]] = field(default_factory=dict)
    acquired: int = 0
    """Counts acquisitions; like a clock it is never set back."""

    def copy(self) -> "MemoryServer":
        """A copy of all its data, to set it back to later."""
        return copy.deepcopy(self)

    def set_back(self, earlier: "MemoryServer") -> None:
        """Restore earlier data, as a Redis does that lost the end of its file."""
        then = earlier.copy()
        self.id, self.shards, self.views, self.teams = then.id, then.shards, then.views, then.teams
