"""What all receivers of notices have in common, and how a message is handed to one."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple, Protocol

import aiohttp

from stream.control.model import Severity
from stream.notify.notice import Notice
from stream.spec import ANY


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkSpec:
    """A receiver: which notices it wants."""

    name: str
    """Stands in metrics and log lines; a URL may hold a secret and does not."""
    severities: frozenset[Severity] = frozenset({Severity.page})
    teams: frozenset[str] = frozenset({ANY})
    """Names of teams, or of pools for what is judged by pool; "*": all."""
    timeout_ms: int = 5_000

    def wants(self, notice: Notice) -> bool:
        """Whether this receiver is told."""
        of_place = ANY in self.teams or (notice.team or notice.pool) in self.teams
        return of_place and notice.severity in self.severities


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a sink is tried, and how much may wait for it."""

    first_s: float = 0.5
    longest_s: float = 30.0
    at_once: int = 4
    """Messages that are under way to one sink at the same time, at most."""
    waiting: int = 10_000
    """Notices that may wait, over all sinks; then the outbox has to keep them."""

    def pause_s(self, failures: int) -> float:
        """Pause after so many failures in a row; spread, so that workers do not march in step."""
        pause = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return pause * random.uniform(0.75, 1.0)  # noqa: S311 - guards nothing


PATIENCE: Final = Patience()


class Refusal(Enum):
    """Why a message was not taken."""

    none = "none"
    refused = "refused"
    """The sink lives and does not want this message."""
    away = "away"
    """It takes nothing now."""


class Answer(NamedTuple):
    """What became of a message."""

    refusal: Refusal
    why: str = ""
    """For the log; without any address."""
    wait_s: float = 0.0
    """So long the sink wants to be left alone."""

    @property
    def taken(self) -> bool:
        """Whether the sink has it."""
        return self.refusal is Refusal.none


TAKEN: Final = Answer(Refusal.none)


class Pace(NamedTuple):
    """So many messages at most within so many seconds."""

    messages: int
    per_s: float


UNLIMITED: Final = Pace(1_000, 0.0)


class Sender(Protocol):
    """Hands notices to one sink."""

    @property
    def spec(self) -> SinkSpec:
        """Which notices it wants."""

    @property
    def pace(self) -> Pace:
        """What the sink lets through."""

    @property
    def at_once(self) -> int:
        """Messages that may be under way at the same time."""

    def fitting(self, notices: Iterable[Notice]) -> int:
        """How many of these, from the first on, go into one message; one at least."""

    async def send(self, notices: Sequence[Notice]) -> Answer:
        """Send one message with these notices; raises nothing."""


_COME_BACK: Final = frozenset({408, 425, 429})
"""Answers of the 400s that speak of the receiver's state and not of what it was sent."""
_PATIENCE_ASKED_S_MAX: Final = 600.0


class Reply(NamedTuple):
    """Status, headers and body of an answer by HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes


async def post(
    session: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str], timeout_ms: int
) -> Reply | Answer:
    """Post once; the reply, or that the sink is away."""
    timeout = aiohttp.ClientTimeout(total=timeout_ms / 1_000)
    try:
        async with session.post(
            url, data=body, headers=headers, timeout=timeout, allow_redirects=False
        ) as response:
            return Reply(response.status, dict(response.headers), await response.read())
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        # Only its kind: the text of an error of aiohttp may hold the URL.
        return Answer(Refusal.away, type(error).__name__)


def by_status(reply: Reply) -> Answer:
    """What a status says."""
    if 200 <= reply.status < 300:
        return TAKEN
    why = f"status {reply.status}"
    if reply.status >= 500 or reply.status in _COME_BACK:
        return Answer(Refusal.away, why, _wait_s(reply))
    return Answer(Refusal.refused, why)


def _wait_s(reply: Reply) -> float:
    """Seconds of Retry-After; 0 where it is a date or missing."""
    text = reply.headers.get("Retry-After", "")
    return min(float(text), _PATIENCE_ASKED_S_MAX) if text.isdecimal() else 0.0
