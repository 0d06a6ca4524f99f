"""What goes out: documents of the API, of webhooks, of Alertmanager and of the audit topic."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import aiohttp
import orjson
from aiohttp import web

from stream.agents.outbox import Outbox
from stream.control.alerts.messages import messages
from stream.errors import ServiceError
from stream.http.api import Api
from stream.http.application import serving
from stream.notify.alertmanager import ActiveAlerts, AlertmanagerSpec
from stream.notify.alertmanager_alert import Links
from stream.notify.dispatcher import Dispatcher
from stream.notify.notice import Notice
from stream.notify.webhook import WebhookSpec
from stream.render.exposition import Exporter
from stream.render.view_fields import ViewKey, ViewKind
from stream.render.views import format_views
from stream.render.worker_metrics import Health
from tests.golden.floor import blanked, bodies, told

LINKS = Links("https://grafana.example", "https://runbook.example", "en")
ANSWER_S = 10.0


def pretty(document: object) -> str:
    """By the names of fields: their order in a view is not fixed."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS
    return orjson.dumps(document, option=options).decode() + "\n"


# ------------------------------------------------------------------------------ API


class Reader:
    """The views of the floor; or a store that is away."""

    def __init__(self) -> None:
        self.away = False
        self.views = format_views(told().figures)

    async def teams(self) -> Sequence[tuple[str, str]]:
        if self.away:
            raise ServiceError("away")
        return [(view.floor, view.name) for view in self.views if view.kind is ViewKind.team]

    async def pools(self, floor: str) -> Sequence[str]:
        pools = [view for view in self.views if view.kind is ViewKind.pool]
        return [pool.name for pool in pools if pool.floor == floor]

    async def read(self, views: Sequence[ViewKey]) -> Mapping[ViewKey, Mapping[str, str]]:
        await self.teams()
        return {view: self.views[view] for view in views if view in self.views}


def api() -> str:
    """Status and document by path; texts for people are left out."""
    return pretty(asyncio.run(_asked()))


async def _asked() -> dict[str, object]:
    reader, now_ms = Reader(), told().figures.as_of_ms + 1_200
    reasons: list[str] = []
    shown: dict[str, object] = {}
    teams, pools = (f"/api/v1/floors/floor-01/{kind}" for kind in ("teams", "pools"))
    clock = {"now_ms": now_ms}
    api = Api(Exporter(Health()), reader, lambda: clock["now_ms"], lambda: reasons, lambda: reasons)
    async with serving(api, "127.0.0.1", 0) as port, aiohttp.ClientSession() as session:

        async def ask(name: str, path: str) -> dict[str, Any]:
            async with session.get(f"http://127.0.0.1:{port}{path}") as response:
                document: dict[str, Any] = orjson.loads(await response.read())
                shown[name] = {"status": response.status, "document": document}
                return document

        await ask("a team", f"{teams}/team-01")
        whole = await ask("the teams of a floor", teams)
        whole["teams"] = [team["team"] for team in whole["teams"]]
        await ask("a pool", f"{pools}/main")
        await ask("the pools of a floor", pools)
        for name, path in (
            ("a team", f"{teams}/x"),
            ("a floor", "/api/v1/floors/x/teams"),
            ("a pool", f"{pools}/x"),
            ("a floor of pools", "/api/v1/floors/x/pools"),
        ):
            missing = await ask(f"{name} that is not there", path)
            missing["error"]["message"] = ""
        await ask("alive", "/livez")
        await ask("ready", "/readyz")
        reasons.append("why not")
        await ask("not alive", "/livez")
        await ask("not ready", "/readyz")
        clock["now_ms"] += 60_000
        old = await ask("a team whose figures are old", f"{teams}/team-01")
        del old["agents"], old["windows"], old["detectors"]
        old = await ask("a pool whose figures are old", f"{pools}/main")
        del old["windows"], old["detectors"]
        reader.away = True
        await ask("a store that is away", f"{teams}/team-01")
    return shown


# ------------------------------------------------------------------------------ receivers


@asynccontextmanager
async def catching(posts: list[web.Request]) -> AsyncIterator[str]:
    """A server that takes everything, and keeps it."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        posts.append(request)
        return web.Response()

    app = web.Application()
    app.router.add_post("/{path:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(ANSWER_S):
        while not condition():  # noqa: ASYNC110 - a server's list grows
            await asyncio.sleep(0.01)


def notices() -> list[Notice]:
    """The steps that people are told of."""
    bodies_told = [body for body in bodies() if orjson.loads(body)["notify"]]
    return [Notice.from_body(body) for body in bodies_told]


def webhook() -> str:
    """What a webhook gets: path, headers, document, in order."""

    async def sent() -> list[str]:
        posts: list[web.Request] = []
        async with catching(posts) as url:
            spec = WebhookSpec(name="hook", url=f"{url}/alerts")
            async with Dispatcher([spec], Health()) as dispatcher:
                for notice in notices():
                    dispatcher.offer(notice)
                    assert await dispatcher.drain(ANSWER_S)
        return [
            f"{post.method} {post.path}\n"
            f"Content-Type: {post.content_type}\n"
            f"Idempotency-Key: {post.headers['Idempotency-Key']}\n"
            f"{blanked(await post.text())}\n"
            for post in posts
        ]

    return "\n".join(asyncio.run(sent()))


@cache
def _alertmanager() -> tuple[str, list[dict[str, Any]]]:
    async def sent() -> tuple[str, list[dict[str, Any]]]:
        posts: list[web.Request] = []
        firsts = {notice.alert: notice for notice in reversed(notices())}
        lasts = {notice.alert: notice for notice in notices()}
        async with catching(posts) as url:
            spec = AlertmanagerSpec(name="am", urls=(url,), links=LINKS)
            async with ActiveAlerts([spec], Health()) as standing:
                for count, shown in enumerate((firsts, lasts), 1):
                    standing.show(0, shown.values(), time.monotonic())
                    await until(lambda count=count: len(posts) >= count)  # type: ignore[misc]
        alerts = [alert for post in posts for alert in orjson.loads(await post.read())]
        return posts[0].path, alerts

    return asyncio.run(sent())


def alertmanager() -> str:
    """Path and alerts, raised and over; without texts, and without an end that is yet to come."""
    path, alerts = _alertmanager()
    shown = [
        alert
        | {
            "annotations": {
                name: "" if name.startswith(("summary", "description")) else text
                for name, text in alert["annotations"].items()
            },
            "endsAt": alert["endsAt"] if alert["endsAt"] < "2026-03-03" else "later",
        }
        for alert in alerts
    ]
    return f"POST {path}\n{pretty(shown)}"


def entries() -> str:
    """What an outbox keeps for the audit topic and for receivers: key and document."""
    outbox = Outbox(track_active=True)
    outbox.add(told().transitions, messages, "en")
    kept, _ = outbox.for_commit()
    return "".join(f"{entry.id}\n{blanked(entry.body)}\n" for entry in kept)


def texts() -> str:
    """What people read, by step and language."""
    documents = [orjson.loads(body) for body in bodies()]
    return pretty(
        {one["key"]: {"titles": one["titles"], "texts": one["texts"]} for one in documents}
    )
