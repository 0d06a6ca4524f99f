"""Slack, incoming webhooks (api.slack.com/messaging/webhooks; rate limits: 1 a second).

It replies 200 and the word ok; 429 has Retry-After.
"""

import orjson

from stream.notify.chat.chat_format import ChatRequest
from stream.notify.sink import MessageRate, Reply, SendResult, result_of_status


class Slack:
    """See `ChatFormat`."""

    rate_limit = MessageRate(1, 2.5)
    """Of one worker: two may share a webhook."""
    bytes_max = 3_900
    """Slack advises 4 000 characters."""

    def size(self, text: str) -> int:
        """In UTF-8."""
        return len(text.encode())

    def request(self, url: str, _secret: str, text: str, _now_ms: int) -> ChatRequest:
        """Plain text; Slack gives three characters a meaning, which are escaped."""
        plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return ChatRequest(url, orjson.dumps({"text": plain}))

    def result(self, reply: Reply) -> SendResult:
        """By the HTTP status."""
        return result_of_status(reply)
