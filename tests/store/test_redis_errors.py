import inspect

import pytest
from redis import exceptions as theirs

from stream.errors import FloorwatchError, ServiceError, StateError
from stream.store.redis_errors import FAULTS, FOREIGN, Hope, fault_of, translated

# Raised by the library's cluster client, its locks and child processes, none of which we use.
NOT_MET = {"RedisClusterException", "ChildDeadlockedError", "IncorrectPolicyType"}


def test_every_exception_of_the_library_has_a_row() -> None:
    for name, raised in inspect.getmembers(theirs, inspect.isclass):
        if not issubclass(raised, Exception) or issubclass(raised, theirs.RedisClusterException):
            continue
        if name in NOT_MET:
            continue
        assert issubclass(raised, FOREIGN), f"{name} would come through untranslated"
        assert any(issubclass(raised, row.raised) and not row.marker for row in FAULTS)


@pytest.mark.parametrize(
    ("raised", "hope", "becomes"),
    [
        (theirs.ConnectionError("refused"), Hope.passes, ServiceError),
        (ConnectionResetError("reset"), Hope.passes, ServiceError),
        (theirs.TimeoutError(""), Hope.passes, ServiceError),
        (theirs.BusyLoadingError("LOADING"), Hope.passes, ServiceError),
        (theirs.AuthenticationError("WRONGPASS"), Hope.lasts, ServiceError),
        (theirs.ResponseError("MISCONF Redis is configured to save"), Hope.passes, ServiceError),
        (theirs.ResponseError("Error running script: -OOM command not"), Hope.passes, ServiceError),
        (theirs.ResponseError("WRONGTYPE Operation against a key"), Hope.lasts, StateError),
        (theirs.MovedError("1234 127.0.0.1:7000"), Hope.passes, ServiceError),
        (theirs.TryAgainError("Multiple keys request"), Hope.passes, ServiceError),
        (theirs.ClusterDownError("The cluster is down"), Hope.passes, ServiceError),
        (theirs.ResponseError("No such master with that name"), Hope.lasts, ServiceError),
        (theirs.ResponseError("something new"), Hope.lasts, StateError),
    ],
)
def test_a_fault_passes_or_lasts(
    raised: Exception, hope: Hope, becomes: type[FloorwatchError]
) -> None:
    assert fault_of(raised).hope is hope
    assert type(translated(raised)) is becomes
    assert str(raised) in str(translated(raised))
