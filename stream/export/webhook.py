"""One webhook: what waits for it, in which order it is tried, and the try itself."""

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import aiohttp

from stream.control.model import Severity
from stream.export.alerts import Notice
from stream.export.health import Health
from stream.points import around
from stream.spec import ANY

_LOG = logging.getLogger(__name__)
_RANK: Final = {severity: at for at, severity in enumerate(Severity)}
_COME_BACK: Final = frozenset({408, 425, 429})
"""Answers of the 400s that speak of the receiver's state and not of what it was sent."""


@dataclass(frozen=True, slots=True)
class WebhookSpec:
    """One receiver of notices."""

    name: str
    """Stands in metrics and log lines; the URL may hold a secret and does not."""
    url: str
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
    """Alerts that are being sent to one sink at the same time."""
    waiting: int = 10_000
    """Notices that may wait, over all sinks; then the outbox has to keep them."""

    def pause_s(self, failures: int) -> float:
        """Pause after so many failures in a row; spread, so that workers do not march in step."""
        pause = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return pause * random.uniform(0.75, 1.0)  # noqa: S311 - guards nothing


PATIENCE: Final = Patience()


class _Answer(Enum):
    taken = "taken"
    refused = "refused"
    """The sink lives and does not want this notice."""
    away = "away"


@dataclass(slots=True)
class _Waiting:
    """The notices of one alert that a sink has not taken yet, oldest first."""

    arrival: int
    notices: deque[Notice] = field(default_factory=deque)
    failures: int = 0
    not_before_s: float = 0.0
    busy: bool = False

    @property
    def urgency(self) -> tuple[int, int, int]:
        """What failed stands behind what was never tried: one bad notice holds up no other."""
        loudest = min(_RANK[notice.severity] for notice in self.notices)
        return (self.failures, loudest, self.arrival)


class Line:
    """What waits for one sink. Several tasks may `work` on it.

    The steps of one alert go out in order, never two at once; alerts go out by urgency.
    """

    def __init__(
        self,
        spec: WebhookSpec,
        session: aiohttp.ClientSession,
        health: Health,
        patience: Patience,
        taken: Callable[[Notice], None],
    ) -> None:
        self.spec = spec
        self.empty = asyncio.Event()
        self.empty.set()
        self._session = session
        self._patience = patience
        self._taken = taken
        self._alerts: dict[str, _Waiting] = {}
        self._arrivals = 0
        self._failures = 0
        self._not_before_s = 0.0
        self._news = asyncio.Event()
        self._pending = health.alerts_pending.labels(spec.name)
        self._delivered = health.alert_deliveries.labels(spec.name, "delivered")
        self._failed = health.alert_deliveries.labels(spec.name, "failed")

    def append(self, notice: Notice) -> None:
        """Put a notice behind the other steps of its alert."""
        waiting = self._alerts.get(notice.alert)
        if waiting is None:
            self._arrivals += 1
            waiting = self._alerts[notice.alert] = _Waiting(self._arrivals)
        waiting.notices.append(notice)
        self._pending.inc()
        self.empty.clear()
        self._news.set()

    def withdraw(self, keys: Collection[str]) -> list[Notice]:
        """Take out what has one of these keys and is not on its way."""
        gone: list[Notice] = []
        for alert, waiting in list(self._alerts.items()):
            first = 1 if waiting.busy else 0
            held = list(waiting.notices)
            gone += [notice for notice in held[first:] if notice.key in keys]
            kept = held[:first] + [notice for notice in held[first:] if notice.key not in keys]
            waiting.notices = deque(kept)
            if not kept:
                del self._alerts[alert]
        self._pending.dec(len(gone))
        if not self._alerts:
            self.empty.set()
        return gone

    async def work(self) -> None:
        """Deliver for ever; the task is ended by cancelling it."""
        clock = asyncio.get_running_loop().time
        while True:
            waiting = self._most_urgent(clock())
            if waiting is None:
                await self._sleep(clock())
                continue
            waiting.busy = True
            try:
                answer = await self._send(waiting.notices[0])
            finally:
                waiting.busy = False
            self._settle(waiting, answer, clock())
            self._news.set()

    def _most_urgent(self, now_s: float) -> _Waiting | None:
        if now_s < self._not_before_s:
            return None
        ready = (w for w in self._alerts.values() if not w.busy and now_s >= w.not_before_s)
        return min(ready, key=lambda waiting: waiting.urgency, default=None)

    async def _sleep(self, now_s: float) -> None:
        """Until something came, or until a pause is over."""
        idle = [w.not_before_s for w in self._alerts.values() if not w.busy]
        until_s = max(self._not_before_s, min(idle)) if idle else None
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if until_s is None else max(0.0, until_s - now_s)):
                await self._news.wait()

    async def _send(self, notice: Notice) -> _Answer:
        headers = {"Content-Type": "application/json", "Idempotency-Key": notice.key}
        timeout = aiohttp.ClientTimeout(total=self.spec.timeout_ms / 1_000)
        try:
            with around("page"):
                async with self._session.post(
                    self.spec.url,
                    data=notice.body,
                    headers=headers,
                    timeout=timeout,
                    allow_redirects=False,
                ) as response:
                    status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Only its kind: the text of an error of aiohttp may hold the URL.
            self._complain(notice, type(error).__name__)
            return _Answer.away
        if 200 <= status < 300:
            return _Answer.taken
        self._complain(notice, f"status {status}")
        return _Answer.away if status >= 500 or status in _COME_BACK else _Answer.refused

    def _complain(self, notice: Notice, what: str) -> None:
        _LOG.warning(
            "sink %s did not take %s: %s; it will be tried again", self.spec.name, notice.key, what
        )

    def _settle(self, waiting: _Waiting, answer: _Answer, now_s: float) -> None:
        if answer is _Answer.taken:
            self._pop(waiting)
        else:
            self._failed.inc()
            waiting.failures += 1
            waiting.not_before_s = now_s + self._patience.pause_s(waiting.failures)
        if answer is not _Answer.away:
            self._failures = 0
            self._not_before_s = 0.0
        elif now_s >= self._not_before_s:
            # Tries that were under way together are one failure of the sink.
            self._failures += 1
            self._not_before_s = now_s + self._patience.pause_s(self._failures)

    def _pop(self, waiting: _Waiting) -> None:
        notice = waiting.notices.popleft()
        waiting.failures = 0
        if not waiting.notices:
            del self._alerts[notice.alert]
        if not self._alerts:
            self.empty.set()
        self._delivered.inc()
        self._pending.dec()
        self._taken(notice)
