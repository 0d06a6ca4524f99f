"""Alerts as annotations, against a server that keeps Grafana's contract."""

import asyncio
from collections.abc import Iterator

import pytest

from stream.cli.embedded import free_port
from stream.control.model import Severity, Verdict
from stream.errors import ServiceError
from stream.notify.dispatcher import Dispatcher
from stream.notify.grafana import GrafanaClient, GrafanaSpec
from stream.notify.notice import Notice, body_of
from stream.notify.sink import RetryPolicy
from stream.render.worker_metrics import Health
from tests.notify.grafana_server import TOKEN, Grafana, grafana
from tests.notify.test_notice import describe, transition
from tests.render.factory import AS_OF_MS

QUICK = RetryPolicy(first_s=0.02, longest_s=0.1)


@pytest.fixture
def server() -> Iterator[Grafana]:
    with grafana() as one:
        yield one


def spec(server: Grafana, token: str = TOKEN) -> GrafanaSpec:
    return GrafanaSpec(name="boards", url=server.url, token=token, language="en")


def notice(to: Verdict = Verdict.out_of_control, at_ms: int = AS_OF_MS) -> Notice:
    step = transition(to, at_ms=at_ms, severity=Severity.page)
    return Notice.from_body(body_of(step, describe, "en"))


async def test_an_alert_is_an_instant_and_its_end_the_time_that_it_took(server: Grafana) -> None:
    async with Dispatcher([spec(server)], Health(), retry=QUICK) as dispatcher:
        dispatcher.offer(notice())
        dispatcher.offer(notice(Verdict.in_control, AS_OF_MS + 90_000))
        assert await dispatcher.drain(10)
    raised, ended = server.annotations
    assert (raised["time"], raised["timeEnd"]) == (AS_OF_MS, AS_OF_MS)
    assert (ended["time"], ended["timeEnd"]) == (AS_OF_MS, AS_OF_MS + 90_000)
    assert raised["text"] == "售后2组 😀!"
    assert raised["tags"] == [
        *("floorwatch", "collective", "page"),
        *("深圳", "main", "售后2组 😀"),
    ]


async def test_a_grafana_that_redirects_has_accepted_nothing(server: Grafana) -> None:
    server.moved = True
    async with Dispatcher([spec(server)], Health(), retry=QUICK) as dispatcher:
        dispatcher.offer(notice())
        while len(server.requests) < 2:  # noqa: ASYNC110 - it answers in another thread
            await asyncio.sleep(0.02)
        assert dispatcher.waiting == 1
        server.moved = False
        assert await dispatcher.drain(10)
    assert len(server.annotations) == 1


async def test_a_grafana_that_was_unavailable_gets_it_when_it_is_back(server: Grafana) -> None:
    server.failing = 503
    async with Dispatcher([spec(server)], Health(), retry=QUICK) as dispatcher:
        dispatcher.offer(notice())
        while len(server.requests) < 2:  # noqa: ASYNC110 - it answers in another thread
            await asyncio.sleep(0.02)
        server.failing = 0
        assert await dispatcher.drain(10)
    assert len(server.annotations) == 1


def test_an_address_of_ipv6_keeps_its_brackets() -> None:
    client = GrafanaClient(f"http://[::1]:{free_port()}", TOKEN, 1.0)
    with pytest.raises(ServiceError, match=r"http://\[::1\]:\d+ cannot be reached"):
        client.plan([{"uid": "floorwatch-team"}])


async def test_a_rejected_token_delays_nothing_and_is_not_logged(
    server: Grafana, caplog: pytest.LogCaptureFixture
) -> None:
    async with Dispatcher([spec(server, "no-token")], Health(), retry=QUICK) as dispatcher:
        dispatcher.offer(notice())
        while len(server.requests) < 2:  # noqa: ASYNC110 - it answers in another thread
            await asyncio.sleep(0.02)
        assert dispatcher.waiting == 1
    assert "does not accept the token" in caplog.text
    assert "no-token" not in caplog.text
