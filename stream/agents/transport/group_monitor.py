"""Whether the consumer group can be joined, and why not.

aiokafka's coordinator stops at an error that it takes for the user's and waits until `check_errors`
is called. It is called by its own fetch methods only, which the transport does not use, so without
this module a worker would stay out of its group for ever, also after the cause has gone. Touches
aiokafka's private interface, as unpacking.py does.
"""

# ruff: noqa: SLF001 - the private interface of aiokafka is this file's business

import logging
from collections.abc import Callable
from typing import Any, Final

from aiokafka.errors import (
    GroupAuthorizationFailedError,
    InconsistentGroupProtocolError,
    InvalidGroupIdError,
    InvalidSessionTimeoutError,
    KafkaError,
    TopicAuthorizationFailedError,
)

log = logging.getLogger(__name__)

RETRY_S: Final = 5.0
LOG_S: Final = 60.0
SESSION_REFUSED: Final = (
    "the brokers do not allow this [kafka] session_timeout: see their group.min.session.timeout.ms "
    "(6 s unless set) and group.max.session.timeout.ms"
)
CAUSES: Final[tuple[tuple[type[KafkaError], str], ...]] = (
    (
        InconsistentGroupProtocolError,
        "another application is in it; stop that one, or give one of them another group name",
    ),
    (InvalidSessionTimeoutError, SESSION_REFUSED),
    (InvalidGroupIdError, "the brokers do not allow its name"),
    (GroupAuthorizationFailedError, "this user has no Read permission on it"),
    (TopicAuthorizationFailedError, "this user has no Read permission on the topic"),
)


class GroupMonitor:
    """Follows the coordinator of a consumer, and makes it try again after an error.

    Args:
        group: the consumer group.
        consumer: returns aiokafka's consumer, or None while Kafka has not been reached.
    """

    def __init__(self, group: str, consumer: Callable[[], Any]) -> None:
        self._group = group
        self._consumer = consumer
        self._retry_at_s = self._log_at_s = float("-inf")
        self.problem = ""
        """Why the group cannot be joined; empty if it can, or nobody knows yet."""
        self.failure: BaseException | None = None
        """The error with which the coordinator ended for good."""

    @property
    def is_connected(self) -> bool:
        """Whether Kafka has been reached."""
        consumer = self._consumer()
        return consumer is not None and consumer._coordinator is not None

    def check(self, now_s: float) -> None:
        """Note the coordinator's error, and let it try again; call it on the consumer's thread."""
        consumer = self._consumer()
        coordinator = None if consumer is None else consumer._coordinator
        if coordinator is None:
            return
        if coordinator._coordination_task.done() and not coordinator._closing.done():
            self.failure = coordinator._coordination_task.exception()
            return
        error = coordinator._pending_exception
        if error is None:
            if _is_joined(coordinator):
                self._on_joined()
            return
        self._on_error(error, now_s)
        if now_s >= self._retry_at_s:
            self._retry_at_s = now_s + RETRY_S
            _try_again(coordinator)

    def _on_error(self, error: KafkaError, now_s: float) -> None:
        problem = f"cannot join consumer group {self._group}: {_cause(error)}"
        if problem != self.problem or now_s >= self._log_at_s:
            log.error("%s; trying again", problem)
            self._log_at_s = now_s + LOG_S
        self.problem = problem

    def _on_joined(self) -> None:
        if self.problem:
            log.warning("joined consumer group %s after all", self._group)
        self.problem = ""


def _cause(error: KafkaError) -> str:
    for kind, cause in CAUSES:
        if isinstance(error, kind):
            return f"{cause} ({kind.__name__})"
    return repr(error)


def _is_joined(coordinator: Any) -> bool:  # noqa: ANN401 - aiokafka's
    subscription = coordinator._subscription.subscription
    return (
        subscription is not None
        and subscription.assignment is not None
        and not subscription._reassignment_in_progress
        and not coordinator._rejoin_needed_fut.done()
    )


def _try_again(coordinator: Any) -> None:  # noqa: ANN401 - aiokafka's
    """Confirm the error, on which the coordinator waits, and make it join anew.

    Anew, because an error of a task beside it, such as that of the heartbeat, would only repeat.
    """
    try:
        coordinator.check_errors()
    except KafkaError:
        coordinator.request_rejoin()
