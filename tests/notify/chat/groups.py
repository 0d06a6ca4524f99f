"""Chat bots as servers: each accepts what its vendor documents, and rejects the rest.

Written from the vendors' pages, and sharing nothing with the product: Slack "Sending messages using
incoming webhooks", Microsoft "Create incoming webhooks with Workflows", WeCom "群机器人配置说明"
(91770), DingTalk "自定义机器人接入", Feishu "自定义机器人使用指南".
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

SECRET = "SEC-of-the-bot"


@dataclass
class Group:
    """One group; `texts` are the messages that its members saw."""

    kind: str
    secret: str = ""
    per_minute: int = 10_000
    forbidden: str = ""
    """A text that this program takes for no message."""
    status: Callable[[], int] = lambda: 200
    texts: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    came_s: list[float] = field(default_factory=list)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        raw = await request.read()
        status = self.status()
        answer = web.Response(status=status) if status != 200 else self._answer(request, raw)
        async with self.changed:
            self.changed.notify_all()
        return answer

    def _answer(self, request: web.Request, raw: bytes) -> web.Response:
        if request.content_type != "application/json":
            return self._refuse("content type", 400)
        try:
            document = json.loads(raw)
        except ValueError:
            return self._refuse("no JSON", 400)
        now_s = time.monotonic()
        if len([at_s for at_s in self.came_s if at_s > now_s - 60]) >= self.per_minute:
            return self._too_often()
        self.came_s.append(now_s)
        taken: web.Response = getattr(self, f"_{self.kind}")(request, document, raw)
        return taken

    def _refuse(self, why: str, status: int = 200, **document: Any) -> web.Response:
        self.refused.append(why)
        return (
            web.json_response(document, status=status)
            if document
            else web.Response(status=status, text=why)
        )

    def _too_often(self) -> web.Response:
        match self.kind:
            case "slack":
                self.refused.append("too often")
                return web.Response(status=429, headers={"Retry-After": "1"})
            case "teams":
                return self._refuse("too often", 429)
            case "wecom":
                return self._refuse("too often", errcode=45009, errmsg="api freq out of limit")
            case "dingtalk":
                return self._refuse("too often", errcode=130101, errmsg="send too fast")
            case _:
                return self._refuse("too often", code=11232, msg="frequency limited")

    # ------------------------------------------------------------------------------ each vendor

    def _slack(self, _request: web.Request, document: Any, _raw: bytes) -> web.Response:
        text = document.get("text")
        if not text:
            return self._refuse("no_text", 400)
        rest = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
        if set("&<>") & set(rest) or len(text) > 40_000:
            return self._refuse("invalid_payload", 400)
        plain = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        self.texts.append(plain)
        return web.Response(text="ok")

    def _teams(self, _request: web.Request, document: Any, raw: bytes) -> web.Response:
        try:
            [attachment] = document["attachments"]
            card = attachment["content"]
            assert document["type"] == "message"
            assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
            assert card["type"] == "AdaptiveCard"
            assert card["version"] in ("1.2", "1.3", "1.4")
            lines = []
            for block in card["body"]:
                assert block["type"] == "RichTextBlock"
                for run in block["inlines"]:
                    assert run["type"] == "TextRun"
                    assert run["text"]
                    lines.append(run["text"])
        except (KeyError, ValueError, AssertionError):
            return self._refuse("not an adaptive card", 400)
        if self.forbidden and any(self.forbidden in line for line in lines):
            return self._refuse("forbidden", 400)
        if len(raw) > 28 * 1024:
            return self._refuse("too large", 413)
        self.texts.append("\n".join(lines))
        return web.Response(status=202)

    def _wecom(self, request: web.Request, document: Any, _raw: bytes) -> web.Response:
        if request.query.get("key") != "robot-key":
            return self._refuse("key", errcode=93000, errmsg="invalid webhook url")
        if document.get("msgtype") != "text" or "content" not in document.get("text", {}):
            return self._refuse("form", errcode=40008, errmsg="invalid message type")
        text = document["text"]["content"]
        if len(text.encode()) > 2_048:
            return self._refuse("long", errcode=40058, errmsg="text exceed max length")
        self.texts.append(text)
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    def _dingtalk(self, request: web.Request, document: Any, raw: bytes) -> web.Response:
        if request.query.get("access_token") != "robot-token":
            return self._refuse("token", errcode=300005, errmsg="token is not exist")
        if self.secret:
            at_ms = request.query.get("timestamp", "0")
            wanted = base64.b64encode(
                hmac.digest(self.secret.encode(), f"{at_ms}\n{self.secret}".encode(), "sha256")
            ).decode()
            late = abs(time.time() * 1_000 - int(at_ms)) > 3_600_000
            if late or request.query.get("sign") != wanted:
                return self._refuse("sign", errcode=310000, errmsg="sign not match")
        if document.get("msgtype") != "text" or len(raw) > 20_000:
            return self._refuse("form", errcode=40035, errmsg="bad parameter")
        self.texts.append(document["text"]["content"])
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    def _feishu(self, _request: web.Request, document: Any, raw: bytes) -> web.Response:
        if self.secret:
            at_s = document.get("timestamp", "0")
            key = hmac.new(f"{at_s}\n{self.secret}".encode(), digestmod=hashlib.sha256)
            wanted = base64.b64encode(key.digest()).decode()
            if abs(time.time() - int(at_s)) > 3_600 or document.get("sign") != wanted:
                return self._refuse("sign", code=19021, msg="sign match fail")
        if document.get("msg_type") != "text" or len(raw) > 20 * 1024:
            return self._refuse("form", code=9499, msg="Bad Request", data={})
        self.texts.append(document["content"]["text"])
        return web.json_response({"code": 0, "msg": "success", "data": {}})

    async def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(condition)


PATHS = {
    "slack": "/services/T000/B000/token",
    "teams": "/workflows/id/triggers/manual/paths/invoke?sig=token",
    "wecom": "/cgi-bin/webhook/send?key=robot-key",
    "dingtalk": "/robot/send?access_token=robot-token",
    "feishu": "/open-apis/bot/v2/hook/token",
}


@asynccontextmanager
async def group_of(kind: str, **more: Any) -> AsyncIterator[Group]:
    """A group on a free port of the loopback interface."""
    group = Group(kind, **more)
    app = web.Application()
    app.add_routes([web.post("/{path:.*}", group.take)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        group.url = f"http://127.0.0.1:{runner.addresses[0][1]}{PATHS[kind]}"
        yield group
    finally:
        await runner.cleanup()
