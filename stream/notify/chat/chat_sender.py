"""Hands notices to a robot: as many in one message as it takes, no faster than it lets."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import aiohttp

from stream.clock import wall_ms
from stream.failpoints import failpoint
from stream.notify.alertmanager_alert import NO_LINKS, Links
from stream.notify.chat.chat_format import ChatFormat, fitting, joined, words_of
from stream.notify.notice import Notice
from stream.notify.sink import Answer, Pace, SinkSpec, post

HEADERS = {"Content-Type": "application/json; charset=utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatSpec(SinkSpec):
    """One group of a chat program."""

    robot: ChatFormat
    url: str
    secret: str = ""
    """With which messages are signed, where the robot was made so."""
    language: str
    links: Links = NO_LINKS


class ChatSender:
    """See `stream.notify.sink.Sender`."""

    at_once = 1

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
    def pace(self) -> Pace:
        """The robot's."""
        return self.spec.robot.pace

    def fitting(self, notices: Iterable[Notice]) -> int:
        """As many as the robot takes in one message."""
        robot = self.spec.robot
        return len(fitting(self._words(notices), robot.size, robot.bytes_max))

    async def send(self, notices: Sequence[Notice]) -> Answer:
        """One message with all of them."""
        spec, robot = self.spec, self.spec.robot
        text = joined(self._words(notices), robot.size, robot.bytes_max)
        shout = robot.shout(spec.url, spec.secret, text, self._clock_ms())
        with failpoint("page"):
            reply = await post(self._session, shout.url, shout.body, HEADERS, spec.timeout_ms)
        return reply if isinstance(reply, Answer) else robot.answer(reply)

    def _words(self, notices: Iterable[Notice]) -> Iterator[str]:
        return (words_of(notice, self.spec.language, self.spec.links) for notice in notices)
