"""A real Prometheus scrapes what the worker serves."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from stream.http.api import Api
from stream.http.application import serving
from stream.render.exposition import Exporter
from stream.render.views import format_views
from stream.render.worker_metrics import Health
from tests.http.test_api import MemoryReader
from tests.real.prometheus_server import PrometheusServer
from tests.render.audit import View, differences, unclaimed
from tests.render.factory import ODD_NAMES, make_figures
from tests.render.samples import Samples


@pytest.fixture
def exporter() -> Exporter:
    return Exporter(Health())


@pytest.fixture
async def scraping(
    prometheus: Path, tmp_path: Path, exporter: Exporter
) -> AsyncIterator[PrometheusServer]:
    api = Api(exporter, MemoryReader({}), lambda: None, list, list)
    async with serving(api, "127.0.0.1", 0) as port:
        server = PrometheusServer(prometheus, tmp_path, port)
        await asyncio.to_thread(server.start)
        yield server
        await asyncio.to_thread(server.stop)


def teams_of(samples: Samples) -> set[str | None]:
    return {dict(labels).get("team") for _, labels in samples}


async def test_every_field_of_each_team_and_pool_view_equals_its_series(
    scraping: PrometheusServer, exporter: Exporter
) -> None:
    shards = [make_figures(seed=7), make_figures(9, 2, 8, prefix="other")]
    for partition, figures in enumerate(shards):
        exporter.publish(partition, figures)
    samples = await scraping.until(lambda found: len(found) > 4_000)
    views = [
        View(*key, fields) for figures in shards for key, fields in format_views(figures).items()
    ]
    assert [line for view in views for line in differences(view, samples)] == []
    assert unclaimed(views, samples) == set()
    assert set(ODD_NAMES) <= teams_of(samples)


async def test_a_team_that_vanished_is_gone_at_the_next_scrape(
    scraping: PrometheusServer, exporter: Exporter
) -> None:
    exporter.publish(0, make_figures(7, 1))
    await scraping.until(lambda samples: "team 6" in teams_of(samples))
    exporter.publish(0, make_figures(6, 1))
    # Between two scrapes an answer may be empty: team 5 must be there for team 6 to be gone.
    await scraping.until(
        lambda found: "team 5" in teams_of(found) and "team 6" not in teams_of(found)
    )
