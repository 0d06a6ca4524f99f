"""WeCom (企业微信), group bots (developer.work.weixin.qq.com/document/path/91770).

20 messages a minute; texts up to 2 048 bytes; the key is part of the URL. It replies 200
and `errcode`; 0 is success, 45009 means too many requests.
"""

import orjson

from stream.notify.chat.chat_format import ChatRequest, result_of_code
from stream.notify.sink import MessageRate, Reply, SendResult, result_of_status


class WeCom:
    """See `ChatFormat`."""

    rate_limit = MessageRate(8, 60.0)
    """Of one worker: two may share a bot."""
    bytes_max = 2_048

    def size(self, text: str) -> int:
        """In UTF-8."""
        return len(text.encode())

    def request(self, url: str, _secret: str, text: str, _now_ms: int) -> ChatRequest:
        """Plain text."""
        return ChatRequest(url, orjson.dumps({"msgtype": "text", "text": {"content": text}}))

    def result(self, reply: Reply) -> SendResult:
        """By `errcode`."""
        return (
            result_of_code(reply, "errcode", {45009: 60.0})
            if reply.status == 200
            else result_of_status(reply)
        )
