"""DingTalk (钉钉), group robots (open.dingtalk.com, "custom robot access").

20 messages a minute; who sends more is refused for ten minutes (errcode 130101). With a secret the
address carries the time in milliseconds and a signature: base64 of HMAC-SHA256, keyed with the
secret, over the time, a line feed, and the secret. It answers 200 and `errcode`, 0 if all is well.
"""

import base64
import hashlib
import hmac
from urllib.parse import urlencode

import orjson

from stream.notify.chat.chat_format import ChatRequest, as_json, by_code
from stream.notify.sink import Answer, Pace, Reply, by_status


class DingTalk:
    """See `Robot`."""

    pace = Pace(8, 60.0)
    """Of one worker: two may share a robot, and who is refused is so for ten minutes."""
    bytes_max = 19_000

    def size(self, text: str) -> int:
        """The whole body is limited to 20 KB."""
        return as_json(text)

    def shout(self, url: str, secret: str, text: str, now_ms: int) -> ChatRequest:
        """Plain text."""
        if secret:
            signature = sign(secret, now_ms)
            url += ("&" if "?" in url else "?") + urlencode(
                {"timestamp": str(now_ms), "sign": signature}
            )
        return ChatRequest(url, orjson.dumps({"msgtype": "text", "text": {"content": text}}))

    def answer(self, reply: Reply) -> Answer:
        """By its code."""
        if reply.status != 200:
            return by_status(reply)
        return by_code(reply, "errcode", {130101: 600.0, 90018: 60.0, -1: 5.0})


def sign(secret: str, at_ms: int) -> str:
    """The signature of an instant."""
    text = f"{at_ms}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()
