"""DingTalk (钉钉), group bots (open.dingtalk.com, "custom robot access").

20 messages a minute; a client that sends more is blocked for ten minutes (errcode 130101). With a
secret the URL carries the time in milliseconds and a signature: base64 of HMAC-SHA256, keyed with
the secret, over the time, a line feed, and the secret. It replies 200 and `errcode`; 0 is success.
"""

import base64
import hashlib
import hmac
from urllib.parse import urlencode

import orjson

from stream.notify.chat.chat_format import ChatRequest, json_size, result_of_code
from stream.notify.sink import MessageRate, Reply, SendResult, result_of_status


class DingTalk:
    """See `ChatFormat`."""

    rate_limit = MessageRate(8, 60.0)
    """Of one worker: two may share a bot, and exceeding the limit blocks it for ten minutes."""
    bytes_max = 19_000

    def size(self, text: str) -> int:
        """The whole body is limited to 20 KB."""
        return json_size(text)

    def request(self, url: str, secret: str, text: str, now_ms: int) -> ChatRequest:
        """Plain text."""
        if secret:
            signature = sign(secret, now_ms)
            url += ("&" if "?" in url else "?") + urlencode(
                {"timestamp": str(now_ms), "sign": signature}
            )
        return ChatRequest(url, orjson.dumps({"msgtype": "text", "text": {"content": text}}))

    def result(self, reply: Reply) -> SendResult:
        """By `errcode`."""
        if reply.status != 200:
            return result_of_status(reply)
        return result_of_code(reply, "errcode", {130101: 600.0, 90018: 60.0, -1: 5.0})


def sign(secret: str, at_ms: int) -> str:
    """The signature of an instant."""
    text = f"{at_ms}\n{secret}".encode()
    return base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()
