"""A custom webhook: each step of an alert as JSON, in order, with an idempotency key."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import aiohttp

from stream.failpoints import failpoint
from stream.notify.notice import Notice
from stream.notify.sink import (
    UNLIMITED,
    MessageRate,
    SendResult,
    SinkSpec,
    post,
    result_of_status,
)

CONCURRENCY = 4
"""How many alerts are sent to one webhook at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSpec(SinkSpec):
    """A webhook: each step of an alert is retried until it is accepted, then the next is sent."""

    url: str


class WebhookSender:
    """See `stream.notify.sink.Sender`."""

    rate_limit: MessageRate = UNLIMITED
    concurrency = CONCURRENCY

    def __init__(self, spec: WebhookSpec, session: aiohttp.ClientSession) -> None:
        self.spec = spec
        self._session = session

    def batch_size(self, _notices: Iterable[Notice]) -> int:
        """One: a message is one step."""
        return 1

    async def send(self, notices: Sequence[Notice]) -> SendResult:
        """Send the first notice."""
        notice, spec = notices[0], self.spec
        headers = {"Content-Type": "application/json", "Idempotency-Key": notice.key}
        with failpoint("page"):
            reply = await post(self._session, spec.url, notice.body, headers, spec.timeout_ms)
        return reply if isinstance(reply, SendResult) else result_of_status(reply)
