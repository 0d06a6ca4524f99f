"""Active alerts, sent to every member of an Alertmanager cluster again and again.

Alertmanager drops an alert that is not sent anew: each has an end some minutes ahead, which the
next sending moves. So there is no queue here. Each partition's task shows its active alerts, and
one sender for each member sends all of them: at once when they change, and each `resend_ms`. A
member that was unavailable has all of them with the next sending. An ended alert is sent with its
end until no member can consider it active any more. Prometheus itself does the same (`sendAlerts`
in its rules/alerting.go).
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
from stream.notify.bounded import new_session
from stream.notify.notice import Notice
from stream.notify.sink import RETRY_POLICY, RetryPolicy, SendResult, SinkSpec, post
from stream.render.worker_metrics import Health
from stream.units import MINUTE_MS, SECOND_MS

_LOG = logging.getLogger(__name__)

HORIZON: Final = 4
"""An alert is sent with its end so many resendings ahead: three in a row may fail."""
RENAMED_MS: Final = 5 * MINUTE_MS
"""How long a member is sent the end of an alert under its former severity."""
OWNED_S_MAX: Final = 15.0
"""Alerts of a partition are sent until so long after its ownership was last confirmed: a worker
that slept through its session must not send alerts of a partition that another one owns now."""
PATH: Final = "/api/v2/alerts"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerSpec(SinkSpec):
    """One cluster of Alertmanagers."""

    urls: tuple[str, ...]
    """Of each member: gossip passes on who was notified, but not which alerts are active."""
    resend_ms: int = MINUTE_MS
    links: Links = NO_LINKS


@dataclass(frozen=True, slots=True)
class TaskAlerts:
    """The active alerts of one partition's task, and when its ownership was last confirmed."""

    notices: tuple[Notice, ...]
    owned_s: float
    """Monotonic."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of the notices."""
        return tuple(notice.key for notice in self.notices)


class ActiveAlerts:
    """The active alerts of all tasks, and their senders.

    Args:
        specs: the clusters.
        health: where deliveries are counted.
        retry: pauses after failures.
    """

    def __init__(
        self, specs: Sequence[AlertmanagerSpec], health: Health, retry: RetryPolicy = RETRY_POLICY
    ) -> None:
        self._specs = tuple(specs)
        self._health = health
        self._retry = retry
        self._by_partition: Mapping[int, TaskAlerts] = {}
        self._senders: list[_MemberSender] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._session: aiohttp.ClientSession | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether any Alertmanager is configured."""
        return bool(self._specs)

    def show(self, partition: int, notices: Iterable[Notice], owned_s: float) -> None:
        """Set the active alerts of a partition; call it again and again to keep them active.

        Args:
            partition: its number.
            notices: the last step of each alert that is active, or ended a short time ago.
            owned_s: when the partition's ownership was last confirmed (monotonic).
        """
        shown, before = TaskAlerts(tuple(notices), owned_s), self._by_partition.get(partition)
        self._by_partition = {**self._by_partition, partition: shown}
        if before is None or before.keys != shown.keys:
            for sender in self._senders:
                sender.changed.set()

    def withdraw(self, partition: int) -> None:
        """Stop to send the alerts of a partition: another worker owns it, and goes on."""
        kept = {at: shown for at, shown in self._by_partition.items() if at != partition}
        self._by_partition = kept

    def notices(self) -> list[Notice]:
        """The notices of all partitions that this worker owns for sure."""
        oldest_s = time.monotonic() - OWNED_S_MAX
        owned = [shown for shown in self._by_partition.values() if shown.owned_s >= oldest_s]
        return [notice for shown in owned for notice in shown.notices]

    async def __aenter__(self) -> "ActiveAlerts":
        """Start to send."""
        self._session = new_session()
        self._senders = []
        for spec in self._specs:
            undelivered = dict.fromkeys(spec.urls, 0)
            self._senders += [
                _MemberSender(
                    spec, url, self._session, self._health, self._retry, self.notices, undelivered
                )
                for url in undelivered
            ]
        self._tasks = [asyncio.create_task(sender.work()) for sender in self._senders]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """Stop at once; the next owner of each partition goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None


class _MemberSender:
    """Sends all active alerts to one member of a cluster."""

    def __init__(
        self,
        spec: AlertmanagerSpec,
        url: str,
        session: aiohttp.ClientSession,
        health: Health,
        retry: RetryPolicy,
        notices: Callable[[], list[Notice]],
        undelivered: dict[str, int],
    ) -> None:
        self.changed = asyncio.Event()
        self._spec = spec
        self._url = url.rstrip("/") + PATH
        self._session = session
        self._retry = retry
        self._notices = notices
        self._delivered = health.alert_deliveries.labels(spec.name, "delivered")
        self._failed = health.alert_deliveries.labels(spec.name, "failed")
        self._pending = health.alerts_pending.labels(spec.name)
        self._member, self._undelivered = url, undelivered
        """By member: alerts of the last sending, if it failed. One member that has an alert is
        enough for people to be notified."""
        self._sent: dict[str, AlertmanagerAlert] = {}
        """By id of the alert: as the member knows it."""
        self._renamed: dict[tuple[str, ...], tuple[AlertmanagerAlert, float]] = {}
        """By labels: alerts that the member knows under labels that they no longer have, since
        they became more severe; and until when their end is sent."""

    async def work(self) -> None:
        """Send until the task is cancelled."""
        failures = 0
        while True:
            try:
                failures = 0 if await self._send() else failures + 1
            except Exception:  # noqa: BLE001 - whatever it is
                # A bug of ours must be visible, and must not stop the sending to a member.
                _LOG.exception("sink %s: nothing could be sent", self._spec.name)
                self._failed.inc()
                failures += 1
            if failures:
                await asyncio.sleep(self._retry.pause_s(failures))
            else:
                await self._pause(self._spec.resend_ms / SECOND_MS)

    async def _send(self) -> bool:
        """Send all alerts; whether the member has all of them."""
        self.changed.clear()
        alerts = self._alerts(time.monotonic())
        if not alerts:
            self._count_undelivered(0)
            return True
        return await self._post(alerts)

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until the alerts change."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.changed.wait()

    def _alerts(self, now_s: float) -> list[AlertmanagerAlert]:
        """All alerts to be sent now."""
        wanted = [notice for notice in self._notices() if self._spec.wants(notice)]
        alerts = {notice.alert: alert_of(notice, self._spec.links) for notice in wanted}
        until_s = now_s + RENAMED_MS / SECOND_MS
        for name, alert in alerts.items():
            before = self._sent.get(name)
            if before is not None and before.identity != alert.identity:
                self._renamed[before.identity] = (before.ended(wall_ms()), until_s)
            self._renamed.pop(alert.identity, None)
        self._renamed = {at: one for at, one in self._renamed.items() if one[1] > now_s}
        self._sent = alerts
        return [*_one_each(alerts.values()), *(alert for alert, _ in self._renamed.values())]

    async def _post(self, alerts: Sequence[AlertmanagerAlert]) -> bool:
        """Whether the member accepted all alerts."""
        until_ms = wall_ms() + HORIZON * self._spec.resend_ms
        error = await self._try(orjson.dumps([alert.document(until_ms) for alert in alerts]))
        self._count_undelivered(len(alerts) if error else 0)
        if error:
            self._failed.inc()
            _LOG.warning("sink %s did not take %d alerts: %s", self._spec.name, len(alerts), error)
        else:
            self._delivered.inc()
        return not error

    def _count_undelivered(self, alerts: int) -> None:
        self._undelivered[self._member] = alerts
        self._pending.set(min(self._undelivered.values()))

    async def _try(self, body: bytes) -> str:
        """Post once; why it failed, empty if it did not."""
        headers = {"Content-Type": "application/json"}
        with failpoint("page"):
            reply = await post(self._session, self._url, body, headers, self._spec.timeout_ms)
        if isinstance(reply, SendResult):
            return reply.why
        return "" if reply.status == 200 else f"status {reply.status}"


def _one_each(alerts: Iterable[AlertmanagerAlert]) -> list[AlertmanagerAlert]:
    """The last alert of each identity: an episode may begin before the last one is forgotten.

    Alertmanager would treat both in one message as one alert, ended and active.
    """
    found: dict[tuple[str, ...], AlertmanagerAlert] = {}
    for alert in sorted(alerts, key=lambda one: (not one.ends_at, one.starts_at)):
        found[alert.identity] = alert
    return list(found.values())
