"""Scrapes of very many teams: how long a request takes, and what rendering costs beside."""

import asyncio
import gc
import json
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from crowd import SLICE_MS, Crowd

from stream.agents.process import tune_garbage_collection
from stream.figures.model import Figures
from stream.http.api import Api
from stream.http.application import serving
from stream.render.exposition import Exporter
from stream.render.view_fields import ViewKey
from stream.render.worker_metrics import Health
from stream.shard import Shard
from stream.spec import Spec
from stream.units import HOUR_MS, SECOND_MS

PAST_MS = HOUR_MS
SCRAPER = Path(__file__).with_name("scraper.py")
"""Reads in a process of its own, as Prometheus does: it must not take the worker's time."""


@dataclass(frozen=True, slots=True)
class Scrapes:
    """What was measured while figures were refreshed each second."""

    teams: int
    series: int
    text_bytes: int
    sent_bytes: int
    request_s: list[float]
    render_share: float
    """CPU time of renderings over the time that passed."""
    rendered: int


class NoViews:
    """The reader of views that no scrape asks."""

    async def teams(self) -> list[tuple[str, str]]:
        """None."""
        return []

    async def pools(self, _floor: str) -> list[str]:
        """None."""
        return []

    async def read(self, _views: object) -> dict[ViewKey, dict[str, str]]:
        """None."""
        return {}


def scrapes(crowd: Crowd, seconds: int, every_s: float) -> Scrapes:
    """Refresh the figures of a crowd each second, and scrape them so often."""
    shard = Shard(Spec(event_clock=True))
    crowd.introduce(shard)
    for batch in crowd.slices(0, PAST_MS, SLICE_MS):
        shard.push(batch)
        shard.step(shard.watermark_ms)
    thresholds = gc.get_threshold()
    # As the worker does, whose process has no crowd to look through either.
    tune_garbage_collection()
    try:
        return asyncio.run(_scrapes(shard.figures(), seconds, every_s))
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)


async def _scrapes(figures: Figures, seconds: int, every_s: float) -> Scrapes:
    exporter = Metered(Health())
    api = Api(exporter, NoViews(), lambda: None, list, list)
    async with serving(api, "127.0.0.1", 0) as port:
        tasks = [
            asyncio.create_task(exporter.run()),
            asyncio.create_task(_refresh(exporter, figures)),
        ]
        began_s, cpu_s = time.monotonic(), exporter.cpu_s
        answers = await _read(f"http://127.0.0.1:{port}/metrics", round(seconds / every_s), every_s)
        passed_s, spent_s = time.monotonic() - began_s, exporter.cpu_s - cpu_s
        for task in tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
    return Scrapes(
        teams=len(figures.teams.keys),
        series=answers["series"],
        text_bytes=answers["text_bytes"],
        sent_bytes=answers["bytes"],
        request_s=answers["seconds"],
        render_share=spent_s / passed_s,
        rendered=exporter.rendered,
    )


async def _read(url: str, count: int, every_s: float) -> dict[str, Any]:
    scraper = await asyncio.create_subprocess_exec(
        sys.executable, SCRAPER, url, str(count), str(every_s), stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await scraper.communicate()
    answers: dict[str, Any] = json.loads(printed)
    return answers


class Metered(Exporter):
    """Counts the CPU time of its renderings."""

    cpu_s = 0.0
    rendered = 0

    def _timed(self, shards):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        found, spent_s = super()._timed(shards)
        self.cpu_s += spent_s
        self.rendered += 1
        return found, spent_s


async def _refresh(exporter: Exporter, figures: Figures) -> None:
    """New figures each second, as a task gives them."""
    while True:
        figures = replace(figures, as_of_ms=figures.as_of_ms + SECOND_MS)
        exporter.publish(0, figures)
        await asyncio.sleep(1.0)


def worst_and_usual_ms(found: Scrapes) -> tuple[float, float]:
    """The longest request, and the median."""
    return max(found.request_s) * 1_000, median(found.request_s) * 1_000
