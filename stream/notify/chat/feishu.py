"""Feishu and Lark (飞书), custom bots (open.feishu.cn/document, "custom bot usage guide").

100 messages a minute and 5 a second; bodies up to 20 KB. With a secret the body carries the time in
seconds and a signature: base64 of HMAC-SHA256 of nothing, keyed with the time, a line feed, and the
secret. It replies 200 and `code`; 0 is success, 11232 means too many requests.
"""

import base64
import hashlib
import hmac

import orjson

from stream.notify.chat.chat_format import ChatRequest, json_size, result_of_code
from stream.notify.sink import MessageRate, Reply, SendResult, result_of_status


class Feishu:
    """See `ChatFormat`."""

    rate_limit = MessageRate(2, 3.0)
    """Of one worker: two that share a bot send 80 a minute, and never 5 within one second."""
    bytes_max = 19_000

    def size(self, text: str) -> int:
        """The whole body is limited to 20 KB."""
        return json_size(text)

    def request(self, url: str, secret: str, text: str, now_ms: int) -> ChatRequest:
        """Plain text."""
        document: dict[str, object] = {"msg_type": "text", "content": {"text": text}}
        if secret:
            at_s = now_ms // 1_000
            document |= {"timestamp": str(at_s), "sign": sign(secret, at_s)}
        return ChatRequest(url, orjson.dumps(document))

    def result(self, reply: Reply) -> SendResult:
        """By `code`."""
        if reply.status != 200:
            return result_of_status(reply)
        return result_of_code(reply, "code", {11232: 60.0, 9499: 5.0})


def sign(secret: str, at_s: int) -> str:
    """The signature of an instant."""
    key = f"{at_s}\n{secret}".encode()
    return base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
