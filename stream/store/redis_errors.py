"""Translates the errors of Redis and its client library into Floorwatch's, by one table."""

from dataclasses import dataclass
from enum import Enum

from redis import exceptions as theirs

from stream.errors import DamagedKeyError, FloorwatchError, ServiceError, StateError


class FaultKind(Enum):
    """Whether a retry makes sense."""

    transient = "transient"
    permanent = "permanent"


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """A row of the table."""

    exception: type[Exception]
    marker: str
    """Part of its text; Redis 6.2 wraps the error that a script met into one about the script."""
    kind: FaultKind
    raises: type[FloorwatchError]
    message: str


_TRANSIENT, _PERMANENT = FaultKind.transient, FaultKind.permanent

_LOGIN = "Redis refuses the user or the password; check [redis] url"
_RIGHTS = (
    "Redis refuses this user a command or key; docs/operations.md lists the rights that it needs"
)
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
_TYPE = (
    "a key that begins with floorwatch: holds something else; use a database of its own, or "
    "[redis] prefix"
)
_SLOW = "Redis does not answer in time"
_AWAY = "Redis is unavailable"
_ODD = "Redis answers what this version does not understand"

ERROR_RULES = (
    ErrorRule(theirs.AuthenticationError, "", _PERMANENT, ServiceError, _LOGIN),
    ErrorRule(theirs.AuthenticationWrongNumberOfArgsError, "", _PERMANENT, ServiceError, _LOGIN),
    ErrorRule(theirs.ExternalAuthProviderError, "", _PERMANENT, ServiceError, _LOGIN),
    ErrorRule(theirs.AuthorizationError, "", _PERMANENT, ServiceError, _RIGHTS),
    ErrorRule(theirs.NoPermissionError, "", _PERMANENT, ServiceError, _RIGHTS),
    *(
        ErrorRule(theirs.ResponseError, marker, _PERMANENT, ServiceError, _RIGHTS)
        for marker in (
            # Inside a script, as of 7 and 6.2 say it.
            *("ACL failure in script", "can't run this command or subcommand"),
            *("No permissions to access a key", "can't access at least one of the keys"),
            "The user executing the script",
        )
    ),
    ErrorRule(theirs.ResponseError, "NOAUTH", _PERMANENT, ServiceError, _LOGIN),
    ErrorRule(theirs.OutOfMemoryError, "", _TRANSIENT, ServiceError, _MEMORY),
    ErrorRule(theirs.ResponseError, "OOM command", _TRANSIENT, ServiceError, _MEMORY),
    ErrorRule(theirs.ReadOnlyError, "", _TRANSIENT, ServiceError, _REPLICA),
    ErrorRule(theirs.ResponseError, "READONLY", _TRANSIENT, ServiceError, _REPLICA),
    ErrorRule(
        theirs.ResponseError, "against a read only replica", _TRANSIENT, ServiceError, _REPLICA
    ),
    ErrorRule(theirs.MasterDownError, "", _TRANSIENT, ServiceError, _REPLICA),
    ErrorRule(theirs.ResponseError, "MISCONF", _TRANSIENT, ServiceError, _DISK),
    ErrorRule(theirs.ResponseError, "NOREPLICAS", _TRANSIENT, ServiceError, _REPLICAS),
    ErrorRule(theirs.ResponseError, "enough good replicas", _TRANSIENT, ServiceError, _REPLICAS),
    ErrorRule(theirs.BusyLoadingError, "", _TRANSIENT, ServiceError, _LOADING),
    ErrorRule(theirs.ResponseError, "BUSY ", _TRANSIENT, ServiceError, _BUSY),
    ErrorRule(theirs.AskError, "", _TRANSIENT, ServiceError, _MOVING),
    ErrorRule(theirs.TryAgainError, "", _TRANSIENT, ServiceError, _MOVING),
    ErrorRule(theirs.ResponseError, "access a non local key", _TRANSIENT, ServiceError, _MOVING),
    ErrorRule(theirs.ClusterError, "", _TRANSIENT, ServiceError, _DOWN),
    ErrorRule(theirs.ResponseError, "the cluster is down", _TRANSIENT, ServiceError, _DOWN),
    ErrorRule(
        theirs.ResponseError, "cluster support disabled", _PERMANENT, StateError, _NO_CLUSTER
    ),
    ErrorRule(theirs.ResponseError, "No such master", _PERMANENT, ServiceError, _NO_SERVICE),
    *(
        ErrorRule(theirs.ResponseError, marker, _PERMANENT, DamagedKeyError, _TYPE)
        for marker in (
            *("WRONGTYPE", "wrong kind of value", "is not an integer", "is not a valid float"),
            # What scripts say of a number that is none.
            *("attempt to compare", "attempt to perform arithmetic", "attempt to concatenate"),
        )
    ),
    ErrorRule(theirs.TimeoutError, "", _TRANSIENT, ServiceError, _SLOW),
    ErrorRule(theirs.ConnectionError, "", _TRANSIENT, ServiceError, _AWAY),
    ErrorRule(OSError, "", _TRANSIENT, ServiceError, _AWAY),
    ErrorRule(theirs.RedisError, "", _PERMANENT, StateError, _ODD),
)
"""The first matching row counts."""

REDIS_ERRORS = (theirs.RedisError, OSError)
"""Everything that a connection raises."""


def rule_for(exception: BaseException) -> ErrorRule:
    """The row for one of `REDIS_ERRORS`."""
    text = str(exception)
    return next(
        row for row in ERROR_RULES if isinstance(exception, row.exception) and row.marker in text
    )


def translate(exception: BaseException) -> FloorwatchError:
    """The error to raise in its place."""
    row = rule_for(exception)
    return row.raises(f"{row.message} ({exception})" if str(exception) else row.message)
