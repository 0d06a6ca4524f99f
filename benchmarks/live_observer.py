"""Sees what a worker shows: ``live_observer.py JOB`` polls views, receives pages, and scrapes.

JOB is the JSON text of an `ObserverJob`. Prints a line of JSON for each change of the heads in
training of a team, and for each page, with the instant. It runs until SIGTERM, in a process of its
own, so that what it costs is not taken for the worker's.
"""

import asyncio
import contextlib
import json
import sys
import time
from dataclasses import dataclass

import aiohttp
from aiohttp import web
from live_load import MARK_STATES
from redis.asyncio import Redis

FIELD = f"agents:{MARK_STATES[1]}"
POLL_S = 0.025
"""How often views are read: so much later, at most, a change is seen."""
SCRAPE_S = 15.0


@dataclass(frozen=True, slots=True)
class ObserverJob:
    """What is observed."""

    redis_url: str
    metrics_url: str
    sink_port: int
    teams: list[tuple[str, str]]
    """(floor, team) of the marked agents."""


async def main() -> None:
    """Observe until cancelled."""
    job = ObserverJob(**json.loads(sys.argv[1]))
    app = web.Application()
    app.router.add_post("/alerts", _receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", job.sink_port).start()
    await asyncio.gather(_poll(job), _scrape(job))


async def _receive(request: web.Request) -> web.Response:
    at_s, notice = time.time(), await request.json()
    _report("page", at_s, **{key: notice.get(key) for key in ("floor", "team", "status")})
    return web.Response(status=204)


async def _poll(job: ObserverJob) -> None:
    keys = [f"floorwatch:team:{floor}/{team}" for floor, team in job.teams]
    seen: list[str | None] = [None] * len(keys)
    async with Redis.from_url(job.redis_url, decode_responses=True) as client:
        while True:
            pipeline = client.pipeline(transaction=False)
            for key in keys:
                pipeline.hget(key, FIELD)
            now = await pipeline.execute()
            at_s = time.time()
            for (floor, team), before, heads in zip(job.teams, seen, now, strict=True):
                if heads is not None and heads != before:
                    _report("view", at_s, floor=floor, team=team, heads=int(heads))
            seen = now
            await asyncio.sleep(POLL_S)


async def _scrape(job: ObserverJob) -> None:
    async with aiohttp.ClientSession() as session:  # asks for gzip, as Prometheus does
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(job.metrics_url) as response:
                    await response.read()
            await asyncio.sleep(SCRAPE_S)


def _report(kind: str, at_s: float, **what: object) -> None:
    print(json.dumps({"kind": kind, "at_s": at_s, **what}), flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
