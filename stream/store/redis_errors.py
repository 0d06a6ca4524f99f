"""What Redis and its client library raise, in our own words: one table, used in one place."""

from dataclasses import dataclass
from enum import Enum

from redis import exceptions as theirs

from stream.errors import FloorwatchError, ServiceError, StateError


class Hope(Enum):
    """Whether trying again makes sense."""

    passes = "passes"
    lasts = "lasts"


@dataclass(frozen=True, slots=True)
class Fault:
    """A row of the table."""

    raised: type[Exception]
    marker: str
    """Words in its text; Redis 6.2 wraps what a script met into an error about the script."""
    hope: Hope
    becomes: type[FloorwatchError]
    says: str


_LOGIN = "Redis refuses the user or the password; check [redis] url"
_RIGHTS = "Redis refuses this user a command; check its ACL"
_MEMORY = "Redis has no memory left and keeps what it has (noeviction); raise its maxmemory"
_REPLICA = (
    "this Redis is a replica that takes no writes; [redis] url has to lead to the primary, or to "
    "Sentinels or a cluster, which say who is the primary"
)
_DISK = "Redis takes no writes because it cannot save to its disk; see its log"
_REPLICAS = "Redis takes no writes because it has too few replicas"
_LOADING = "Redis is still loading its data"
_BUSY = "Redis is busy with someone's script"
_MOVING = "Redis Cluster is moving the slot"
_DOWN = "Redis Cluster does not serve the slot: a primary is down and not yet replaced"
_NO_CLUSTER = "this Redis is no cluster; write [redis] url = redis://host:port/0"
_NO_SERVICE = "the Sentinels know no such service; check the name in [redis] url"
_TYPE = "a key that begins with floorwatch: holds something else; use a database of our own"
_SLOW = "Redis does not answer in time"
_AWAY = "Redis is not there"
_ODD = "Redis answers what this version does not understand"

FAULTS = (
    Fault(theirs.AuthenticationError, "", Hope.lasts, ServiceError, _LOGIN),
    Fault(theirs.AuthenticationWrongNumberOfArgsError, "", Hope.lasts, ServiceError, _LOGIN),
    Fault(theirs.ExternalAuthProviderError, "", Hope.lasts, ServiceError, _LOGIN),
    Fault(theirs.AuthorizationError, "", Hope.lasts, ServiceError, _RIGHTS),
    Fault(theirs.NoPermissionError, "", Hope.lasts, ServiceError, _RIGHTS),
    Fault(theirs.ResponseError, "NOAUTH", Hope.lasts, ServiceError, _LOGIN),
    Fault(theirs.OutOfMemoryError, "", Hope.passes, ServiceError, _MEMORY),
    Fault(theirs.ResponseError, "OOM command", Hope.passes, ServiceError, _MEMORY),
    Fault(theirs.ReadOnlyError, "", Hope.passes, ServiceError, _REPLICA),
    Fault(theirs.ResponseError, "READONLY", Hope.passes, ServiceError, _REPLICA),
    Fault(theirs.ResponseError, "against a read only replica", Hope.passes, ServiceError, _REPLICA),
    Fault(theirs.MasterDownError, "", Hope.passes, ServiceError, _REPLICA),
    Fault(theirs.ResponseError, "MISCONF", Hope.passes, ServiceError, _DISK),
    Fault(theirs.ResponseError, "NOREPLICAS", Hope.passes, ServiceError, _REPLICAS),
    Fault(theirs.ResponseError, "enough good replicas", Hope.passes, ServiceError, _REPLICAS),
    Fault(theirs.BusyLoadingError, "", Hope.passes, ServiceError, _LOADING),
    Fault(theirs.ResponseError, "BUSY ", Hope.passes, ServiceError, _BUSY),
    Fault(theirs.AskError, "", Hope.passes, ServiceError, _MOVING),
    Fault(theirs.TryAgainError, "", Hope.passes, ServiceError, _MOVING),
    Fault(theirs.ResponseError, "access a non local key", Hope.passes, ServiceError, _MOVING),
    Fault(theirs.ClusterError, "", Hope.passes, ServiceError, _DOWN),
    Fault(theirs.ResponseError, "the cluster is down", Hope.passes, ServiceError, _DOWN),
    Fault(theirs.ResponseError, "cluster support disabled", Hope.lasts, StateError, _NO_CLUSTER),
    Fault(theirs.ResponseError, "No such master", Hope.lasts, ServiceError, _NO_SERVICE),
    Fault(theirs.ResponseError, "WRONGTYPE", Hope.lasts, StateError, _TYPE),
    Fault(theirs.ResponseError, "wrong kind of value", Hope.lasts, StateError, _TYPE),
    Fault(theirs.TimeoutError, "", Hope.passes, ServiceError, _SLOW),
    Fault(theirs.ConnectionError, "", Hope.passes, ServiceError, _AWAY),
    Fault(OSError, "", Hope.passes, ServiceError, _AWAY),
    Fault(theirs.RedisError, "", Hope.lasts, StateError, _ODD),
)
"""The first row that fits counts."""

FOREIGN = (theirs.RedisError, OSError)
"""All that a connection raises."""


def fault_of(raised: BaseException) -> Fault:
    """The row for an exception out of `FOREIGN`."""
    text = str(raised)
    return next(row for row in FAULTS if isinstance(raised, row.raised) and row.marker in text)


def translated(raised: BaseException) -> FloorwatchError:
    """The error to raise in its place."""
    row = fault_of(raised)
    return row.becomes(f"{row.says} ({raised})" if str(raised) else row.says)
