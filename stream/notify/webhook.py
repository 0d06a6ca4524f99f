"""A webhook of one's own: each step as JSON, in order, under a key that never changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import aiohttp

from stream.failpoints import failpoint
from stream.notify.notice import Notice
from stream.notify.sink import (
    UNLIMITED,
    Answer,
    Pace,
    SinkSpec,
    by_status,
    post,
)

AT_ONCE = 4
"""Alerts that are being sent to one webhook at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSpec(SinkSpec):
    """One receiver that is told each step once it has taken it, in order."""

    url: str


class WebhookSender:
    """See `stream.notify.sink.Sender`."""

    pace: Pace = UNLIMITED
    at_once = AT_ONCE

    def __init__(self, spec: WebhookSpec, session: aiohttp.ClientSession) -> None:
        self.spec = spec
        self._session = session

    def fitting(self, _notices: Iterable[Notice]) -> int:
        """One step a message."""
        return 1

    async def send(self, notices: Sequence[Notice]) -> Answer:
        """Send the first."""
        notice, spec = notices[0], self.spec
        headers = {"Content-Type": "application/json", "Idempotency-Key": notice.key}
        with failpoint("page"):
            reply = await post(self._session, spec.url, notice.body, headers, spec.timeout_ms)
        return reply if isinstance(reply, Answer) else by_status(reply)
