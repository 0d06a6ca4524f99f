"""WeCom (企业微信), group robots (developer.work.weixin.qq.com/document/path/91770).

20 messages a minute; texts up to 2 048 bytes; the key stands in the address. It answers 200 and
`errcode`, 0 if all is well; 45009: too often.
"""

import orjson

from stream.notify.chat.chat_format import ChatRequest, by_code
from stream.notify.sink import Answer, Pace, Reply, by_status


class WeCom:
    """See `Robot`."""

    pace = Pace(8, 60.0)
    """Of one worker: two may share a robot."""
    bytes_max = 2_048

    def size(self, text: str) -> int:
        """In UTF-8."""
        return len(text.encode())

    def shout(self, url: str, _secret: str, text: str, _now_ms: int) -> ChatRequest:
        """Plain text."""
        return ChatRequest(url, orjson.dumps({"msgtype": "text", "text": {"content": text}}))

    def answer(self, reply: Reply) -> Answer:
        """By its code."""
        return by_code(reply, "errcode", {45009: 60.0}) if reply.status == 200 else by_status(reply)
