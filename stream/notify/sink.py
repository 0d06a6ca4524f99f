"""What all sinks share: the notices that they want, retries, rate limits, results of sending."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple, Protocol

import aiohttp

from stream.control.model import Severity
from stream.notify.bounded import body_of
from stream.notify.notice import Notice
from stream.spec import ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkSpec:
    """A receiver of notices."""

    name: str
    """Used in metrics and log lines instead of the URL, which may contain a secret."""
    severities: frozenset[Severity] = frozenset({Severity.page})
    teams: frozenset[str] = frozenset({ANY})
    """Names of teams, or of pools for the alerts of pools; "*": all."""
    timeout_ms: int = 5_000

    def wants(self, notice: Notice) -> bool:
        """Whether the notice is sent to this sink."""
        of_place = ANY in self.teams or (notice.team or notice.pool) in self.teams
        return of_place and notice.severity in self.severities


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Pauses between attempts, and limits of concurrent and pending messages."""

    first_s: float = 0.5
    longest_s: float = 30.0
    concurrency: int = 4
    """The most messages that are sent to one sink at the same time."""
    pending_max: int = 10_000
    """The most pending notices over all sinks; beyond that, notices wait in the outbox."""

    def pause_s(self, failures: int) -> float:
        """Pause after so many failures in a row; random, so that workers do not retry in step."""
        pause = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return pause * random.uniform(0.75, 1.0)  # noqa: S311 - guards nothing


RETRY_POLICY: Final = RetryPolicy()


class SendStatus(Enum):
    """How an attempt to send a message ended."""

    delivered = "delivered"
    rejected = "rejected"
    """The sink works and rejects this message."""
    unavailable = "unavailable"
    """The sink accepts nothing now."""


class SendResult(NamedTuple):
    """The result of an attempt to send a message."""

    status: SendStatus
    why: str = ""
    """For the log; contains no address."""
    wait_s: float = 0.0
    """The pause that the sink asks for."""

    @property
    def delivered(self) -> bool:
        """Whether the sink accepted the message."""
        return self.status is SendStatus.delivered


DELIVERED: Final = SendResult(SendStatus.delivered)


class MessageRate(NamedTuple):
    """At most so many messages within so many seconds."""

    messages: int
    per_s: float


UNLIMITED: Final = MessageRate(1_000, 0.0)


class Sender(Protocol):
    """Sends notices to one sink.

    The sink's queue makes all calls, on the worker's event loop. Only `send` waits for the network.
    """

    @property
    def spec(self) -> SinkSpec:
        """The sink."""

    @property
    def rate_limit(self) -> MessageRate:
        """The rate that the sink allows."""

    @property
    def concurrency(self) -> int:
        """How many calls of `send` may run at the same time; read once, at the start."""

    def batch_size(self, notices: Iterable[Notice]) -> int:
        """How many of these, from the first on, fit into one message; at least one.

        Called before each `send` with the notices that are ready, perhaps none. Must not block.
        """

    async def send(self, notices: Sequence[Notice]) -> SendResult:
        """Send one message with these notices; raises nothing.

        Called with at most `batch_size` notices, by `concurrency` tasks at once, within the
        `rate_limit`. May wait for the sink; each request is bounded by the timeout of `spec`.
        """


_RETRYABLE: Final = frozenset({408, 425, 429})
"""Status codes of the 400s that concern the receiver's state, not the message."""
_RETRY_AFTER_S_MAX: Final = 600.0


class Reply(NamedTuple):
    """Status, headers and body of an HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes


async def post(
    session: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str], timeout_ms: int
) -> Reply | SendResult:
    """Post once; returns the reply, its body bounded, or that the sink is unavailable."""
    timeout = aiohttp.ClientTimeout(total=timeout_ms / 1_000)
    try:
        async with session.post(
            url, data=body, headers=headers, timeout=timeout, allow_redirects=False
        ) as response:
            return Reply(response.status, dict(response.headers), await body_of(response))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        # Only its type: the text of an error of aiohttp may contain the URL.
        return SendResult(SendStatus.unavailable, type(error).__name__)


def result_of_status(reply: Reply) -> SendResult:
    """The result that the HTTP status of a reply means."""
    if 200 <= reply.status < 300:
        return DELIVERED
    why = f"status {reply.status}"
    if reply.status >= 500 or reply.status in _RETRYABLE:
        return SendResult(SendStatus.unavailable, why, _wait_s(reply))
    return SendResult(SendStatus.rejected, why)


def _wait_s(reply: Reply) -> float:
    """Seconds of Retry-After; 0 if it is a date or missing."""
    text = reply.headers.get("Retry-After", "")
    return min(float(text), _RETRY_AFTER_S_MAX) if text.isdecimal() else 0.0
