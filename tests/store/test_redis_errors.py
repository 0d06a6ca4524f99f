import inspect

import pytest
from redis import exceptions as theirs

from stream.errors import DamagedKeyError, FloorwatchError, ServiceError, StateError
from stream.store.redis_errors import ERROR_RULES, REDIS_ERRORS, FaultKind, rule_for, translate

# Raised by the library's cluster client, its locks and child processes, none of which we use.
NOT_MET = {"RedisClusterException", "ChildDeadlockedError", "IncorrectPolicyType"}


def test_every_exception_of_the_library_has_a_row() -> None:
    for name, exception in inspect.getmembers(theirs, inspect.isclass):
        if not issubclass(exception, Exception) or issubclass(
            exception, theirs.RedisClusterException
        ):
            continue
        if name in NOT_MET:
            continue
        assert issubclass(exception, REDIS_ERRORS), f"{name} would come through untranslated"
        assert any(issubclass(exception, row.exception) and not row.marker for row in ERROR_RULES)


@pytest.mark.parametrize(
    ("exception", "kind", "raises"),
    [
        (theirs.ConnectionError("refused"), FaultKind.transient, ServiceError),
        (ConnectionResetError("reset"), FaultKind.transient, ServiceError),
        (theirs.TimeoutError(""), FaultKind.transient, ServiceError),
        (theirs.BusyLoadingError("LOADING"), FaultKind.transient, ServiceError),
        (theirs.AuthenticationError("WRONGPASS"), FaultKind.permanent, ServiceError),
        (
            theirs.ResponseError("MISCONF Redis is configured to save"),
            FaultKind.transient,
            ServiceError,
        ),
        (
            theirs.ResponseError("Error running script: -OOM command not"),
            FaultKind.transient,
            ServiceError,
        ),
        (
            theirs.ResponseError("WRONGTYPE Operation against a key"),
            FaultKind.permanent,
            DamagedKeyError,
        ),
        (
            theirs.ResponseError("ERR user_script:9: attempt to compare nil with number"),
            FaultKind.permanent,
            DamagedKeyError,
        ),
        (theirs.MovedError("1234 127.0.0.1:7000"), FaultKind.transient, ServiceError),
        (theirs.TryAgainError("Multiple keys request"), FaultKind.transient, ServiceError),
        (theirs.ClusterDownError("The cluster is down"), FaultKind.transient, ServiceError),
        (theirs.ResponseError("No such master with that name"), FaultKind.permanent, ServiceError),
        (theirs.ResponseError("something new"), FaultKind.permanent, StateError),
    ],
)
def test_an_error_is_transient_or_permanent(
    exception: Exception, kind: FaultKind, raises: type[FloorwatchError]
) -> None:
    assert rule_for(exception).kind is kind
    assert type(translate(exception)) is raises
    assert str(exception) in str(translate(exception))
