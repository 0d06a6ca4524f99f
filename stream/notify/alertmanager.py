"""Alerts that stand now, told to every member of an Alertmanager cluster again and again.

Alertmanager keeps no alert that is not sent anew: each has an end some minutes ahead, which the
next sending moves. So there is no queue here. Each lane shows what stands in it, and a line to each
member sends all of it: at once when that changes, and each `resend_ms`. A member that was away has
it all with the next sending. What is over is sent with its end until nobody can hold it for
standing any more. Prometheus itself does the same (`sendAlerts` in its rules/alerting.go).
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp
import orjson

from stream.clock import wall_ms
from stream.failpoints import failpoint
from stream.notify.alertmanager_alert import NO_LINKS, AlertmanagerAlert, Links, alert_of
from stream.notify.notice import Notice
from stream.notify.sink import PATIENCE, Patience, SinkSpec
from stream.render.worker_metrics import Health
from stream.units import MINUTE_MS, SECOND_MS

_LOG = logging.getLogger(__name__)

HORIZON: Final = 4
"""An alert is sent with its end so many resendings ahead: three in a row may fail."""
RENAMED_MS: Final = 5 * MINUTE_MS
"""So long a member is told that an alert no longer has its former severity."""
OWNED_S_MAX: Final = 15.0
"""What a lane showed is sent until so long after its ownership was last confirmed: who slept
through its session must not speak for what another has now."""
PATH: Final = "/api/v2/alerts"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerSpec(SinkSpec):
    """One cluster of Alertmanagers."""

    urls: tuple[str, ...]
    """Of each member: gossip passes on who was notified, not what stands."""
    resend_ms: int = MINUTE_MS
    links: Links = NO_LINKS


@dataclass(frozen=True, slots=True)
class TaskAlerts:
    """What stands in one lane, which was its worker's at `owned_s` for sure (monotonic)."""

    notices: tuple[Notice, ...]
    owned_s: float

    @property
    def keys(self) -> tuple[str, ...]:
        """The steps that are shown."""
        return tuple(notice.key for notice in self.notices)


class ActiveAlerts:
    """What stands in all lanes, and the lines that tell it.

    Args:
        specs: the clusters.
        health: where deliveries are counted.
        patience: pauses after failures.
    """

    def __init__(
        self, specs: Sequence[AlertmanagerSpec], health: Health, patience: Patience = PATIENCE
    ) -> None:
        self._specs = tuple(specs)
        self._health = health
        self._patience = patience
        self._lanes: Mapping[int, TaskAlerts] = {}
        self._lines: list[_MemberQueue] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether there is anybody to tell."""
        return bool(self._specs)

    def show(self, lane: int, notices: Iterable[Notice], owned_s: float) -> None:
        """Say what stands in a lane; called again and again, so that it goes on being told."""
        shown, before = TaskAlerts(tuple(notices), owned_s), self._lanes.get(lane)
        self._lanes = {**self._lanes, lane: shown}
        if before is None or before.keys != shown.keys:
            for line in self._lines:
                line.news.set()

    def withdraw(self, lane: int) -> None:
        """The lane is another's now, who goes on telling."""
        self._lanes = {at: shown for at, shown in self._lanes.items() if at != lane}

    def notices(self) -> list[Notice]:
        """What may be told now."""
        oldest_s = time.monotonic() - OWNED_S_MAX
        lanes = [shown for shown in self._lanes.values() if shown.owned_s >= oldest_s]
        return [notice for shown in lanes for notice in shown.notices]

    async def __aenter__(self) -> "ActiveAlerts":
        """Begin to tell."""
        self._session = aiohttp.ClientSession(headers={"User-Agent": "floorwatch"})
        self._lines = []
        for spec in self._specs:
            untold = dict.fromkeys(spec.urls, 0)
            self._lines += [
                _MemberQueue(
                    spec, url, self._session, self._health, self._patience, self.notices, untold
                )
                for url in untold
            ]
        self._tasks = [asyncio.create_task(line.work()) for line in self._lines]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Stop at once; the next owner of each lane goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None


class _MemberQueue:
    """The way to one member."""

    def __init__(
        self,
        spec: AlertmanagerSpec,
        url: str,
        session: aiohttp.ClientSession,
        health: Health,
        patience: Patience,
        notices: Callable[[], list[Notice]],
        untold: dict[str, int],
    ) -> None:
        self.news = asyncio.Event()
        self._spec = spec
        self._url = url.rstrip("/") + PATH
        self._session = session
        self._patience = patience
        self._notices = notices
        self._delivered = health.alert_deliveries.labels(spec.name, "delivered")
        self._failed = health.alert_deliveries.labels(spec.name, "failed")
        self._pending = health.alerts_pending.labels(spec.name)
        self._member, self._untold = url, untold
        """By member: alerts of the last sending, if it failed. What one has, people are told."""
        self._told: dict[str, AlertmanagerAlert] = {}
        """By id of the alert: as what the member knows it."""
        self._renamed: dict[tuple[str, ...], tuple[AlertmanagerAlert, float]] = {}
        """By labels: what the member knows under labels that it no longer has, since it became
        more severe, and until when it is told that these are over."""

    async def work(self) -> None:
        """Tell for ever; the task is ended by cancelling it."""
        failures = 0
        while True:
            try:
                failures = 0 if await self._tell() else failures + 1
            except Exception:  # noqa: BLE001 - whatever it is
                # A fault of ours must be seen, and must not end the way to a member.
                _LOG.exception("sink %s: nothing could be sent", self._spec.name)
                self._failed.inc()
                failures += 1
            if failures:
                await asyncio.sleep(self._patience.pause_s(failures))
            else:
                await self._pause(self._spec.resend_ms / SECOND_MS)

    async def _tell(self) -> bool:
        """Whether the member knows all that it has to know."""
        self.news.clear()
        alerts = self._due(time.monotonic())
        if not alerts:
            self._lacks(0)
            return True
        return await self._post(alerts)

    async def _pause(self, seconds: float) -> None:
        """So long, or until something else stands."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.news.wait()

    def _due(self, now_s: float) -> list[AlertmanagerAlert]:
        """All that is to be sent now."""
        wanted = [notice for notice in self._notices() if self._spec.wants(notice)]
        alerts = {notice.alert: alert_of(notice, self._spec.links) for notice in wanted}
        until_s = now_s + RENAMED_MS / SECOND_MS
        for name, alert in alerts.items():
            before = self._told.get(name)
            if before is not None and before.identity != alert.identity:
                self._renamed[before.identity] = (before.ended(wall_ms()), until_s)
            self._renamed.pop(alert.identity, None)
        self._renamed = {at: one for at, one in self._renamed.items() if one[1] > now_s}
        self._told = alerts
        return [*_one_each(alerts.values()), *(alert for alert, _ in self._renamed.values())]

    async def _post(self, alerts: Sequence[AlertmanagerAlert]) -> bool:
        """Whether the member has taken all."""
        until_ms = wall_ms() + HORIZON * self._spec.resend_ms
        error = await self._try(orjson.dumps([alert.document(until_ms) for alert in alerts]))
        self._lacks(len(alerts) if error else 0)
        if error:
            self._failed.inc()
            _LOG.warning("sink %s did not take %d alerts: %s", self._spec.name, len(alerts), error)
        else:
            self._delivered.inc()
        return not error

    def _lacks(self, alerts: int) -> None:
        self._untold[self._member] = alerts
        self._pending.set(min(self._untold.values()))

    async def _try(self, body: bytes) -> str:
        """Why it failed; empty: it did not."""
        try:
            with failpoint("page"):
                async with self._session.post(
                    self._url,
                    data=body,
                    headers={"Content-Type": "application/json"},
                    timeout=aiohttp.ClientTimeout(total=self._spec.timeout_ms / SECOND_MS),
                    allow_redirects=False,
                ) as response:
                    return "" if response.status == 200 else f"status {response.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Only its kind: the text of an error of aiohttp may hold the URL.
            return type(error).__name__


def _one_each(alerts: Iterable[AlertmanagerAlert]) -> list[AlertmanagerAlert]:
    """The last alert under each labels: an episode may begin before the one before it is forgotten.

    Both in one message would be one alert for Alertmanager, now over and now standing.
    """
    found: dict[tuple[str, ...], AlertmanagerAlert] = {}
    for alert in sorted(alerts, key=lambda one: (not one.ends_at, one.starts_at)):
        found[alert.identity] = alert
    return list(found.values())
