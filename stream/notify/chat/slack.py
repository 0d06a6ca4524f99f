"""Slack, incoming webhooks (api.slack.com/messaging/webhooks; rate limits: 1 a second).

The answer is 200 and the word ok; 429 has Retry-After.
"""

import orjson

from stream.notify.chat.chat_format import ChatRequest
from stream.notify.sink import Answer, Pace, Reply, by_status


class Slack:
    """See `Robot`."""

    pace = Pace(1, 2.5)
    """Of one worker: two may share a webhook."""
    bytes_max = 3_900
    """Slack advises 4 000 characters."""

    def size(self, text: str) -> int:
        """In UTF-8."""
        return len(text.encode())

    def shout(self, url: str, _secret: str, text: str, _now_ms: int) -> ChatRequest:
        """Three characters have a meaning in its texts."""
        plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return ChatRequest(url, orjson.dumps({"text": plain}))

    def answer(self, reply: Reply) -> Answer:
        """By its status."""
        return by_status(reply)
