"""Alerts go to several Alertmanagers, and to people once."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from stream.cli.embedded import free_port
from stream.render.worker_metrics import Health
from tests.real.alerting import SETTLED_S, one_server, raised, sending, show, spec
from tests.real.alertmanager_server import AlertmanagerServer, paging

pytestmark = pytest.mark.xdist_group("alertmanager")


async def test_all_members_of_a_cluster_have_it_and_people_are_notified_once(
    alertmanager: Path, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        pager = await stack.enter_async_context(paging())
        first = stack.enter_context(AlertmanagerServer(alertmanager, tmp_path / "a", pager.url))
        second = stack.enter_context(
            AlertmanagerServer(alertmanager, tmp_path / "b", pager.url, [first])
        )
        await until_joined(first, second)
        active_alerts = await stack.enter_async_context(sending(spec(first, second)))
        show(active_alerts, raised())
        for server in (first, second):
            await server.until(lambda alerts: len(alerts) == 1)
        await pager.until(lambda: pager.notified == [("firing", "red")])
        await asyncio.sleep(SETTLED_S)
        show(active_alerts, raised())
        assert pager.notified == [("firing", "red")]
        # One member dies, and comes back with nothing: it gets it again, nobody is notified twice.
        second.stop()
        second.start()
        show(active_alerts, raised())
        await second.until(lambda alerts: len(alerts) == 1)
        await asyncio.sleep(SETTLED_S)
        assert pager.notified == [("firing", "red")]


async def test_what_one_member_of_a_cluster_has_does_not_wait(
    alertmanager: Path, tmp_path: Path
) -> None:
    health = Health()
    failed = health.alert_deliveries.labels("am", "failed")._value
    pending = health.alerts_pending.labels("am")._value
    async with one_server(alertmanager, tmp_path) as (server, _):
        cluster = replace(spec(server), urls=(server.url, f"http://127.0.0.1:{free_port()}"))
        async with sending(cluster, health=health) as active_alerts:
            show(active_alerts, raised())
            await server.until(lambda alerts: len(alerts) == 1)
            await reached(lambda: failed.get() > 0)
            assert pending.get() == 0
            server.stop()
            show(active_alerts, raised(), raised("blue"))
            await reached(lambda: pending.get() > 0)
            show(active_alerts)
            await reached(lambda: pending.get() == 0)  # no alert is active, so nothing waits


async def reached(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110 - a number without an event
            await asyncio.sleep(0.05)


async def until_joined(*servers: AlertmanagerServer) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        for server in servers:
            while True:
                async with session.get(f"{server.url}/api/v2/status") as response:
                    cluster = (await response.json())["cluster"]
                if len(cluster["peers"]) == len(servers) and cluster["status"] == "ready":
                    break
                await asyncio.sleep(0.1)
