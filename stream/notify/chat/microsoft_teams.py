"""Microsoft Teams, a webhook of Workflows that takes an adaptive card (4 requests a second, 28 KB).

It answers 202. Cards are read as Markdown, but for runs of text, which are used here: a team's name
may hold anything.
"""

import orjson

from stream.notify.chat.chat_format import ChatRequest
from stream.notify.sink import Answer, Pace, Reply, by_status


class Teams:
    """See `Robot`."""

    pace = Pace(1, 1.0)
    """Of one worker: several may share a webhook."""
    bytes_max = 27_000

    def size(self, text: str) -> int:
        """With the block that each line becomes."""
        return len(orjson.dumps(_blocks(text)))

    def shout(self, url: str, _secret: str, text: str, _now_ms: int) -> ChatRequest:
        """A card with a block for each line."""
        card = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "msteams": {"width": "Full"},
            "body": _blocks(text),
        }
        attachment = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": card,
        }
        return ChatRequest(url, orjson.dumps({"type": "message", "attachments": [attachment]}))

    def answer(self, reply: Reply) -> Answer:
        """By its status."""
        return by_status(reply)


def _blocks(text: str) -> list[dict[str, object]]:
    return [
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": line}]}
        for line in text.split("\n")
        if line
    ]
