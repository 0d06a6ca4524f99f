"""The queue of one sink: what is pending, in which order it is sent, and when it is retried."""

import asyncio
import contextlib
import logging
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

from stream.control.model import Severity
from stream.notify.notice import Notice
from stream.notify.sink import RetryPolicy, Sender, SendResult, SendStatus
from stream.render.worker_metrics import Health

_LOG = logging.getLogger(__name__)
_RANK: Final = {severity: at for at, severity in enumerate(Severity)}


@dataclass(slots=True)
class _PendingAlert:
    """The notices of one alert that the sink has not accepted yet, oldest first."""

    arrival: int
    notices: deque[Notice] = field(default_factory=deque)
    failures: int = 0
    not_before_s: float = 0.0
    busy: bool = False
    """Its first notice is being sent."""
    withdrawn: bool = False
    """Its first notice, which is being sent, is not retried."""
    batch_max: int = sys.maxsize
    """The most notices in its message: a rejected message is retried in halves."""

    @property
    def urgency(self) -> tuple[int, int, int]:
        """Sort key. Failed alerts come after untried ones: one bad notice delays no other."""
        most_severe = min(_RANK[notice.severity] for notice in self.notices)
        return (self.failures, most_severe, self.arrival)


class SinkQueue:
    """What is pending for one sink. Several tasks may `work` on it.

    The steps of one alert are sent in order, never two at once; alerts are sent by urgency. One
    message contains as many notices as the sender puts into it, the most urgent first.

    Args:
        sender: sends to the sink.
        health: where deliveries are counted.
        retry: pauses after failures.
        accepted: called with each notice that the sink has accepted.
        dropped: called with each notice that was withdrawn before.
    """

    def __init__(
        self,
        sender: Sender,
        health: Health,
        retry: RetryPolicy,
        accepted: Callable[[Notice], None],
        dropped: Callable[[Notice], None],
    ) -> None:
        self.spec = sender.spec
        self.empty = asyncio.Event()
        self.empty.set()
        self._sender = sender
        self._retry = retry
        self._accepted = accepted
        self._dropped = dropped
        self._alerts: dict[str, _PendingAlert] = {}
        self._arrivals = 0
        self._failures = 0
        self._not_before_s = 0.0
        self._sent_s: deque[float] = deque(maxlen=sender.rate_limit.messages)
        """When the last messages were sent."""
        self._changed = asyncio.Event()
        self._pending = health.alerts_pending.labels(self.spec.name)
        self._delivered = health.alert_deliveries.labels(self.spec.name, "delivered")
        self._failed = health.alert_deliveries.labels(self.spec.name, "failed")

    def append(self, notice: Notice) -> None:
        """Append a notice to the other pending steps of its alert."""
        alert = self._alerts.get(notice.alert)
        if alert is None:
            self._arrivals += 1
            alert = self._alerts[notice.alert] = _PendingAlert(self._arrivals)
        alert.notices.append(notice)
        self._pending.inc()
        self.empty.clear()
        self._changed.set()

    def withdraw(self, keys: Set[str]) -> None:
        """Drop the notices with these keys; those that are being sent, as soon as that fails."""
        for alert in list(self._alerts.values()):
            held = list(alert.notices)
            alert.withdrawn = alert.busy and (alert.withdrawn or held[0].key in keys)
            for notice in held[int(alert.busy) :]:
                if notice.key in keys:
                    self._drop(alert, notice)

    async def work(self) -> None:
        """Send until the task is cancelled."""
        while True:
            try:
                await self._send_next(asyncio.get_running_loop().time)
            except Exception:  # noqa: BLE001 - whatever it is
                # A bug of ours must be visible, and must not stop the delivery to a sink.
                _LOG.exception("sink %s: nothing could be sent", self.spec.name)
                self._failed.inc()
                await asyncio.sleep(self._retry.longest_s)

    async def _send_next(self, clock: Callable[[], float]) -> None:
        chosen = self._most_urgent(clock())
        if not chosen:
            await self._sleep(clock())
            return
        self._sent_s.append(clock())
        for alert in chosen:
            alert.busy = True
        try:
            result = await self._sender.send([alert.notices[0] for alert in chosen])
        finally:
            for alert in chosen:
                alert.busy = False
        self._settle(chosen, result, clock())
        self._changed.set()

    def _most_urgent(self, now_s: float) -> list[_PendingAlert]:
        if now_s < max(self._not_before_s, self._rate_limited_until_s):
            return []
        ready = [one for one in self._alerts.values() if not one.busy and now_s >= one.not_before_s]
        ready.sort(key=lambda alert: alert.urgency)
        chosen = ready[: self._sender.batch_size(alert.notices[0] for alert in ready)]
        return chosen[: min((alert.batch_max for alert in chosen), default=0)]

    @property
    def _rate_limited_until_s(self) -> float:
        """When the sink's rate limit allows the next message."""
        limit = self._sender.rate_limit
        return self._sent_s[0] + limit.per_s if len(self._sent_s) == limit.messages else 0.0

    async def _sleep(self, now_s: float) -> None:
        """Wait until the queue changes, or until a pause is over."""
        idle = [alert.not_before_s for alert in self._alerts.values() if not alert.busy]
        until_s = None
        if idle:
            until_s = max(self._not_before_s, self._rate_limited_until_s, min(idle))
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if until_s is None else max(0.0, until_s - now_s)):
                await self._changed.wait()

    def _settle(self, chosen: Sequence[_PendingAlert], result: SendResult, now_s: float) -> None:
        if result.delivered:
            for alert in chosen:
                self._pop(alert)
        else:
            self._log_failure(chosen, result.why)
            self._failed.inc()
            self._schedule_retry(chosen, result, now_s)
        if result.status is not SendStatus.unavailable:
            self._failures = 0
            self._not_before_s = 0.0
        elif now_s >= self._not_before_s:
            # Attempts that were made at the same time are one failure of the sink.
            self._failures += 1
            pause_s = max(self._retry.pause_s(self._failures), result.wait_s)
            self._not_before_s = now_s + pause_s

    def _schedule_retry(
        self, chosen: Sequence[_PendingAlert], result: SendResult, now_s: float
    ) -> None:
        # What was sent together is retried together, in as few messages as before.
        pause_s = self._retry.pause_s(1 + max(alert.failures for alert in chosen))
        rejected = result.status is SendStatus.rejected
        for alert in chosen:
            if rejected and len(chosen) > 1:
                alert.batch_max = len(chosen) // 2
            else:
                alert.failures += 1
            alert.not_before_s = now_s + pause_s
            if alert.withdrawn:
                self._drop(alert, alert.notices[0])

    def _log_failure(self, chosen: Iterable[_PendingAlert], why: str) -> None:
        keys = ", ".join(alert.notices[0].key for alert in chosen)
        _LOG.warning("sink %s did not take %s: %s; will retry", self.spec.name, keys, why)

    def _pop(self, alert: _PendingAlert) -> None:
        notice = alert.notices[0]
        self._remove(alert, notice)
        self._delivered.inc()
        self._accepted(notice)

    def _drop(self, alert: _PendingAlert, notice: Notice) -> None:
        self._remove(alert, notice)
        self._dropped(notice)

    def _remove(self, alert: _PendingAlert, notice: Notice) -> None:
        if alert.notices[0] is notice:
            alert.failures, alert.batch_max, alert.withdrawn = 0, sys.maxsize, False
        alert.notices.remove(notice)
        if not alert.notices:
            del self._alerts[notice.alert]
        if not self._alerts:
            self.empty.set()
        self._pending.dec()
