"""Sends notices to a chat bot: as many in one message as fit, within its rate limit."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import aiohttp

from stream.clock import wall_ms
from stream.failpoints import failpoint
from stream.notify.alertmanager_alert import NO_LINKS, Links
from stream.notify.chat.chat_format import ChatFormat, joined, message_of, texts_that_fit
from stream.notify.notice import Notice
from stream.notify.sink import MessageRate, SendResult, SinkSpec, post

HEADERS = {"Content-Type": "application/json; charset=utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSpec(SinkSpec):
    """One group of a chat program."""

    chat: ChatFormat
    url: str
    secret: str = ""
    """Signs the messages, if the bot was created with a secret."""
    language: str
    links: Links = NO_LINKS


class ChatSender:
    """See `stream.notify.sink.Sender`."""

    concurrency = 1

    def __init__(
        self,
        spec: ChatSpec,
        session: aiohttp.ClientSession,
        clock_ms: Callable[[], int] = wall_ms,
    ) -> None:
        self.spec = spec
        self._session = session
        self._clock_ms = clock_ms

    @property
    def rate_limit(self) -> MessageRate:
        """Of the chat program."""
        return self.spec.chat.rate_limit

    def batch_size(self, notices: Iterable[Notice]) -> int:
        """How many of these fit into one message."""
        chat = self.spec.chat
        return len(texts_that_fit(self._texts(notices), chat.size, chat.bytes_max))

    async def send(self, notices: Sequence[Notice]) -> SendResult:
        """Send one message with all of these."""
        spec, chat = self.spec, self.spec.chat
        text = joined(self._texts(notices), chat.size, chat.bytes_max)
        request = chat.request(spec.url, spec.secret, text, self._clock_ms())
        with failpoint("page"):
            reply = await post(self._session, request.url, request.body, HEADERS, spec.timeout_ms)
        return reply if isinstance(reply, SendResult) else chat.result(reply)

    def _texts(self, notices: Iterable[Notice]) -> Iterator[str]:
        return (message_of(notice, self.spec.language, self.spec.links) for notice in notices)
