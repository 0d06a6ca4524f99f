"""Microsoft Teams, a webhook of Workflows that accepts an adaptive card (4 requests/s, 28 KB).

It replies 202. Teams renders card text as Markdown except in text runs, which are used here: the
name of a team may contain any character.
"""

import orjson

from stream.notify.chat.chat_format import ChatRequest
from stream.notify.sink import MessageRate, Reply, SendResult, result_of_status


class Teams:
    """See `ChatFormat`."""

    rate_limit = MessageRate(1, 1.0)
    """Of one worker: several may share a webhook."""
    bytes_max = 27_000

    def size(self, text: str) -> int:
        """Including the card element of each line."""
        return len(orjson.dumps(_card_elements(text)))

    def request(self, url: str, _secret: str, text: str, _now_ms: int) -> ChatRequest:
        """A card with one element for each line."""
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "msteams": {"width": "Full"},
            "body": _card_elements(text),
        }
        attachment = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": card,
        }
        return ChatRequest(url, orjson.dumps({"type": "message", "attachments": [attachment]}))

    def result(self, reply: Reply) -> SendResult:
        """By the HTTP status."""
        return result_of_status(reply)


def _card_elements(text: str) -> list[dict[str, object]]:
    return [
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": line}]}
        for line in text.split("\n")
        if line
    ]
