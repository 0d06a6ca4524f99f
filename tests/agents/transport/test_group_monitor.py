"""The group's errors: named, logged now and then, and consumed, so that aiokafka tries again."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    InconsistentGroupProtocolError,
    InvalidSessionTimeoutError,
    KafkaError,
    UnknownError,
)

from stream.agents.transport.group_monitor import LOG_S, RETRY_S, GroupMonitor


class Coordinator:
    """What the monitor uses of aiokafka's; a test with real Kafka joins with the real one."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._coordination_task, self._closing = loop.create_future(), loop.create_future()
        self._rejoin_needed_fut = loop.create_future()
        self._pending_exception: KafkaError | None = None
        assigned = SimpleNamespace(assignment=object(), _reassignment_in_progress=False)
        self._subscription = SimpleNamespace(subscription=assigned)
        self.tries = 0

    def check_errors(self) -> None:
        self.tries += 1
        error, self._pending_exception = self._pending_exception, None
        if error is not None:
            raise error

    def request_rejoin(self) -> None:
        if not self._rejoin_needed_fut.done():
            self._rejoin_needed_fut.set_result(None)

    def join(self) -> None:
        self._rejoin_needed_fut = asyncio.get_running_loop().create_future()


@pytest.fixture
async def coordinator() -> Coordinator:
    return Coordinator()


@pytest.fixture
def monitor(coordinator: Coordinator) -> GroupMonitor:
    consumer: Any = SimpleNamespace(_coordinator=coordinator)
    return GroupMonitor("floorwatch", lambda: consumer)


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (InconsistentGroupProtocolError(), "another application is in it"),
        (InvalidSessionTimeoutError(), "do not allow this [kafka] session_timeout"),
        (GroupAuthorizationFailedError("floorwatch"), "no Read permission"),
        (UnknownError("fell over"), "fell over"),
    ],
)
async def test_an_error_is_the_problem_until_the_group_is_joined(
    monitor: GroupMonitor, coordinator: Coordinator, error: KafkaError, cause: str
) -> None:
    coordinator._pending_exception = error
    monitor.check(0.0)
    assert monitor.problem.startswith("cannot join consumer group floorwatch: ")
    assert cause in monitor.problem
    assert coordinator.tries == 1

    monitor.check(1.0)  # it tries, and no error has come yet
    assert cause in monitor.problem
    coordinator.join()
    monitor.check(2.0)
    assert monitor.problem == ""


async def test_it_tries_again_every_few_seconds_and_logs_once_a_minute(
    monitor: GroupMonitor, coordinator: Coordinator, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for second in range(int(2 * LOG_S)):
        coordinator._pending_exception = InconsistentGroupProtocolError()
        monitor.check(float(second))

    assert coordinator.tries == 2 * LOG_S / RETRY_S
    assert len(caplog.records) == 2


async def test_a_coordinator_that_ended_is_a_failure_unless_it_was_closed(
    monitor: GroupMonitor, coordinator: Coordinator
) -> None:
    error = KafkaError("unexpected")
    coordinator._coordination_task.set_exception(error)
    monitor.check(0.0)
    assert monitor.failure is error

    monitor.failure = None
    coordinator._closing.set_result(None)
    monitor.check(1.0)
    assert monitor.failure is None


def test_before_kafka_was_reached_nothing_is_known() -> None:
    monitor = GroupMonitor("floorwatch", lambda: None)
    monitor.check(0.0)
    assert (monitor.is_connected, monitor.problem, monitor.failure) == (False, "", None)
