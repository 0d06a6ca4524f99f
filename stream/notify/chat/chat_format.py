"""The protocol of a chat program's bot, and the text of the messages for it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

import orjson

from stream.control.alerts.texts import TEXTS
from stream.control.model import Severity, Verdict
from stream.notify.alertmanager_alert import Links, dashboard_url, place_of
from stream.notify.notice import Notice
from stream.notify.sink import MessageRate, Reply, SendResult, SendStatus

SEAM: Final = 4
"""Bytes of the empty line between two notices, escaped as in JSON."""


class ChatRequest(NamedTuple):
    """A request to the bot: URL and body."""

    url: str
    body: bytes


class ChatFormat(Protocol):
    """The bot format of one chat program."""

    @property
    def rate_limit(self) -> MessageRate:
        """The rate at which one worker sends, so that several workers may share a bot."""

    @property
    def bytes_max(self) -> int:
        """The largest size of a message's text, as `size` counts."""

    def size(self, text: str) -> int:
        """Bytes that a text takes in a message."""

    def request(self, url: str, secret: str, text: str, now_ms: int) -> ChatRequest:
        """The request that sends a text; signed if there is a secret."""

    def result(self, reply: Reply) -> SendResult:
        """Whether the message was delivered: many programs reply 200 to everything."""


def message_of(notice: Notice, language: str, links: Links) -> str:
    """A notice as text: a line for a lock screen, then the whole text, then the dashboard's link.

    The first line carries the label ([ACT]), so that a lock screen tells a page from a nudge.
    """
    document = orjson.loads(notice.body)
    # Notices that an earlier version stored have no titles; their texts begin with the label.
    title = document.get("titles", {}).get(language, "")
    label = _label(notice.severity, document, language)
    lines = [f"{label}{title}" if title else "", document["texts"][language]]
    if url := dashboard_url(place_of(document), links):
        lines.append(url)
    return "\n".join(line for line in lines if line)


_ENDS: Final = {Verdict.in_control: "label_cleared", Verdict.insufficient_data: "label_abandoned"}


def _label(severity: Severity, document: Mapping[str, Any], language: str) -> str:
    texts = TEXTS[language]
    label = _ENDS.get(Verdict(document["to"]), f"label_{severity}")
    if document["evidence"].get("ended") == "closed":  # closing time is no all-clear
        label = "label_closed"
    return texts[label] + texts["join"]


def json_size(text: str) -> int:
    """Bytes of a text as JSON, for programs that limit the whole body."""
    return len(orjson.dumps(text))


def joined(texts: Iterable[str], size: Callable[[str], int], bytes_max: int) -> str:
    """Several notices as one message; the first is cut if it alone is too long."""
    text = "\n\n".join(texts_that_fit(texts, size, bytes_max))
    whole = text
    while size(text) > bytes_max:
        whole = whole[: len(whole) * 9 // 10]
        text = whole + "…"
    return text


def texts_that_fit(texts: Iterable[str], size: Callable[[str], int], bytes_max: int) -> list[str]:
    """The first texts that fit into one message; at least one, if there is any.

    Reads no more texts than it needs: thousands may be pending.
    """
    taken: list[str] = []
    left = bytes_max
    for text in texts:
        left -= size(text) + SEAM
        if taken and left < 0:
            break
        taken.append(text)
    return taken


def result_of_code(reply: Reply, name: str, busy: dict[int, float]) -> SendResult:
    """The result of a program that replies 200 and a code.

    Args:
        reply: with status 200.
        name: of the field that holds the code; 0 means delivered.
        busy: codes that mean "rate limit exceeded", and for how many seconds to pause.
    """
    try:
        code = orjson.loads(reply.body)[name]
    except (ValueError, KeyError, TypeError):
        return SendResult(SendStatus.rejected, f"a reply without {name}")
    if code == 0:
        return SendResult(SendStatus.delivered)
    if code in busy:
        return SendResult(SendStatus.unavailable, f"{name} {code}", busy[code])
    return SendResult(SendStatus.rejected, f"{name} {code}")
