"""What waits for one sink, in which order it is tried, and how often."""

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
from stream.notify.sink import Answer, Patience, Refusal, Sender
from stream.render.worker_metrics import Health

_LOG = logging.getLogger(__name__)
_RANK: Final = {severity: at for at, severity in enumerate(Severity)}


@dataclass(slots=True)
class _Waiting:
    """The notices of one alert that a sink has not taken yet, oldest first."""

    arrival: int
    notices: deque[Notice] = field(default_factory=deque)
    failures: int = 0
    not_before_s: float = 0.0
    busy: bool = False
    withdrawn: bool = False
    """Its first notice, which is on its way, is tried no second time."""
    together: int = sys.maxsize
    """It goes in a message of so many at most: one that was refused is tried again in halves."""

    @property
    def urgency(self) -> tuple[int, int, int]:
        """What failed stands behind what was never tried: one bad notice holds up no other."""
        loudest = min(_RANK[notice.severity] for notice in self.notices)
        return (self.failures, loudest, self.arrival)


class SinkQueue:
    """What waits for one sink. Several tasks may `work` on it.

    The steps of one alert go out in order, never two at once; alerts go out by urgency. What a
    sender takes at once goes in one message, the most urgent first.
    """

    def __init__(
        self,
        sender: Sender,
        health: Health,
        patience: Patience,
        taken: Callable[[Notice], None],
        dropped: Callable[[Notice], None],
    ) -> None:
        self.spec = sender.spec
        self.empty = asyncio.Event()
        self.empty.set()
        self._sender = sender
        self._patience = patience
        self._taken = taken
        self._dropped = dropped
        self._alerts: dict[str, _Waiting] = {}
        self._arrivals = 0
        self._failures = 0
        self._not_before_s = 0.0
        self._sent_s: deque[float] = deque(maxlen=sender.pace.messages)
        """When the last messages went out."""
        self._news = asyncio.Event()
        self._pending = health.alerts_pending.labels(self.spec.name)
        self._delivered = health.alert_deliveries.labels(self.spec.name, "delivered")
        self._failed = health.alert_deliveries.labels(self.spec.name, "failed")

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

    def withdraw(self, keys: Set[str]) -> None:
        """Drop what has one of these keys, and what is on its way as soon as it is not taken."""
        for waiting in list(self._alerts.values()):
            held = list(waiting.notices)
            waiting.withdrawn = waiting.busy and (waiting.withdrawn or held[0].key in keys)
            for notice in held[int(waiting.busy) :]:
                if notice.key in keys:
                    self._drop(waiting, notice)

    async def work(self) -> None:
        """Deliver for ever; the task is ended by cancelling it."""
        while True:
            try:
                await self._deliver(asyncio.get_running_loop().time)
            except Exception:  # noqa: BLE001 - whatever it is
                # A fault of ours must be seen, and must not end the way to a sink.
                _LOG.exception("sink %s: nothing could be sent", self.spec.name)
                self._failed.inc()
                await asyncio.sleep(self._patience.longest_s)

    async def _deliver(self, clock: Callable[[], float]) -> None:
        chosen = self._most_urgent(clock())
        if not chosen:
            await self._sleep(clock())
            return
        self._sent_s.append(clock())
        for waiting in chosen:
            waiting.busy = True
        try:
            answer = await self._sender.send([waiting.notices[0] for waiting in chosen])
        finally:
            for waiting in chosen:
                waiting.busy = False
        self._settle(chosen, answer, clock())
        self._news.set()

    def _most_urgent(self, now_s: float) -> list[_Waiting]:
        if now_s < max(self._not_before_s, self._free_s):
            return []
        ready = [w for w in self._alerts.values() if not w.busy and now_s >= w.not_before_s]
        ready.sort(key=lambda waiting: waiting.urgency)
        chosen = ready[: self._sender.fitting(waiting.notices[0] for waiting in ready)]
        return chosen[: min((waiting.together for waiting in chosen), default=0)]

    @property
    def _free_s(self) -> float:
        """When the sink's own limit lets the next message through."""
        pace = self._sender.pace
        return self._sent_s[0] + pace.per_s if len(self._sent_s) == pace.messages else 0.0

    async def _sleep(self, now_s: float) -> None:
        """Until something came, or until a pause is over."""
        idle = [w.not_before_s for w in self._alerts.values() if not w.busy]
        until_s = max(self._not_before_s, self._free_s, min(idle)) if idle else None
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if until_s is None else max(0.0, until_s - now_s)):
                await self._news.wait()

    def _settle(self, chosen: Sequence[_Waiting], answer: Answer, now_s: float) -> None:
        if answer.taken:
            for waiting in chosen:
                self._pop(waiting)
        else:
            self._complain(chosen, answer.why)
            self._failed.inc()
            # What went together is tried together again: in as few messages as before.
            pause_s = self._patience.pause_s(1 + max(waiting.failures for waiting in chosen))
            refused = answer.refusal is Refusal.refused
            for waiting in chosen:
                if refused and len(chosen) > 1:
                    waiting.together = len(chosen) // 2
                else:
                    waiting.failures += 1
                waiting.not_before_s = now_s + pause_s
                if waiting.withdrawn:
                    self._drop(waiting, waiting.notices[0])
        if answer.refusal is not Refusal.away:
            self._failures = 0
            self._not_before_s = 0.0
        elif now_s >= self._not_before_s:
            # Tries that were under way together are one failure of the sink.
            self._failures += 1
            pause_s = max(self._patience.pause_s(self._failures), answer.wait_s)
            self._not_before_s = now_s + pause_s

    def _complain(self, chosen: Iterable[_Waiting], why: str) -> None:
        keys = ", ".join(waiting.notices[0].key for waiting in chosen)
        _LOG.warning(
            "sink %s did not take %s: %s; it will be tried again", self.spec.name, keys, why
        )

    def _pop(self, waiting: _Waiting) -> None:
        notice = waiting.notices[0]
        self._remove(waiting, notice)
        self._delivered.inc()
        self._taken(notice)

    def _drop(self, waiting: _Waiting, notice: Notice) -> None:
        self._remove(waiting, notice)
        self._dropped(notice)

    def _remove(self, waiting: _Waiting, notice: Notice) -> None:
        if waiting.notices[0] is notice:
            waiting.failures, waiting.together, waiting.withdrawn = 0, sys.maxsize, False
        waiting.notices.remove(notice)
        if not waiting.notices:
            del self._alerts[notice.alert]
        if not self._alerts:
            self.empty.set()
        self._pending.dec()
