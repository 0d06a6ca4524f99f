"""The shape of a chat program's robot, and the words that are sent to it."""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple, Protocol

import orjson

from stream.notify.alertmanager_alert import Links, dashboard_url, place_of
from stream.notify.notice import Notice
from stream.notify.sink import Answer, Pace, Refusal, Reply

SEAM: Final = 4
"""Bytes of the empty line between two notices, as JSON has it."""


class ChatRequest(NamedTuple):
    """What is sent: an address, headers, a body."""

    url: str
    body: bytes


class ChatFormat(Protocol):
    """One chat program."""

    @property
    def pace(self) -> Pace:
        """What it lets through."""

    @property
    def bytes_max(self) -> int:
        """The most that the texts of a message may take, as `size` counts."""

    def size(self, text: str) -> int:
        """Bytes that a text takes in a message."""

    def shout(self, url: str, secret: str, text: str, now_ms: int) -> ChatRequest:
        """A text as this program wants it; signed, where there is a secret."""

    def answer(self, reply: Reply) -> Answer:
        """What its reply says: many answer 200 to everything."""


def words_of(notice: Notice, language: str, links: Links) -> str:
    """A notice as text: a line for who reads just that, then all of it, then where to look."""
    document = orjson.loads(notice.body)
    # Notices that an earlier version stored have no titles.
    lines = [document.get("titles", {}).get(language, ""), document["texts"][language]]
    if url := dashboard_url(place_of(document), links):
        lines.append(url)
    return "\n".join(line for line in lines if line)


def as_json(text: str) -> int:
    """The size of a text where the whole body is limited: with what JSON escapes."""
    return len(orjson.dumps(text))


def joined(texts: Iterable[str], size: Callable[[str], int], bytes_max: int) -> str:
    """Several notices in one message; the first is cut where it alone is too long."""
    text = "\n\n".join(fitting(texts, size, bytes_max))
    whole = text
    while size(text) > bytes_max:
        whole = whole[: len(whole) * 9 // 10]
        text = whole + "…"
    return text


def fitting(texts: Iterable[str], size: Callable[[str], int], bytes_max: int) -> list[str]:
    """The first texts that fit into one message; one at least, if there is any.

    No more texts are asked for than are needed: thousands may wait.
    """
    taken: list[str] = []
    left = bytes_max
    for text in texts:
        left -= size(text) + SEAM
        if taken and left < 0:
            break
        taken.append(text)
    return taken


def by_code(reply: Reply, name: str, busy: dict[int, float]) -> Answer:
    """The answer of a program that says 200 and a code.

    Args:
        reply: with status 200.
        name: of the field that holds the code; 0 is well.
        busy: codes that say that too much was sent, and for how many seconds to stop.
    """
    try:
        code = orjson.loads(reply.body)[name]
    except (ValueError, KeyError, TypeError):
        return Answer(Refusal.refused, f"an answer without {name}")
    if code == 0:
        return Answer(Refusal.none)
    if code in busy:
        return Answer(Refusal.away, f"{name} {code}", busy[code])
    return Answer(Refusal.refused, f"{name} {code}")
