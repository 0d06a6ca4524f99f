"""A run that failed leaves behind what explains it."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.evidence import keep_evidence, targets_that_fail
from tests.real.prometheus_server import PrometheusServer
from tests.real.working import WorkerProcess

TEXT = 'floorwatch_pool_waiting_calls{floor="a",pool="b"} 3\n'


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WorkerProcess]:
    """A program that shows /metrics and no other page, in a worker's place."""
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "metrics").write_text(TEXT)
    made = WorkerProcess("worker-0", tmp_path / "floorwatch.toml")
    command = (sys.executable, "-m", "http.server", str(made.port), "--bind", "127.0.0.1")
    with (tmp_path / "worker-0.log").open("wb") as log:
        made.process = subprocess.Popen(command, cwd=pages, stdout=log, stderr=log)
    yield made
    made.end()


async def scraped(server: PrometheusServer) -> list[dict[str, Any]]:
    """The targets, once each of them was scraped and the series say so."""
    async with asyncio.timeout(30):
        while len(await server.series("up")) < 2:  # noqa: ASYNC110 - nothing else tells
            await asyncio.sleep(0.05)
    targets: list[dict[str, Any]] = (await server.answer("targets"))["activeTargets"]
    return targets


def test_logs_pages_and_scrapes_are_kept_also_of_who_does_not_answer(
    worker: WorkerProcess, prometheus: Path, tmp_path: Path
) -> None:
    gone = WorkerProcess("worker-1", tmp_path / "floorwatch.toml", process=worker.process)
    (tmp_path / "worker-1.log").write_text("the last words\n")
    never = WorkerProcess("worker-2", tmp_path / "floorwatch.toml")
    with PrometheusServer(prometheus, tmp_path / "prometheus", worker.port, gone.port) as server:
        targets = asyncio.run(scraped(server))
        kept = tmp_path / "kept"
        keep_evidence(kept, ["a view is missing"], [worker, gone, never], server)

    assert (kept / "differences.txt").read_text() == "a view is missing\n"
    assert TEXT in (kept / "worker-0-metrics.txt").read_text()
    assert (kept / "worker-0-readyz.txt").read_text().startswith("# 404 after ")
    assert (kept / "worker-1-metrics.txt").read_text().startswith("# 0 after ")
    assert (kept / "worker-1.log").read_text() == "the last words\n"
    assert not list(kept.glob("worker-2*"))
    up = json.loads((kept / "health.json").read_text())["result"]
    assert any(one["metric"]["instance"].endswith(f":{gone.port}") for one in up)
    assert json.loads((kept / "series.json").read_text())["result"]
    [why] = targets_that_fail(targets, [worker.port, gone.port])
    assert f"127.0.0.1:{gone.port} is down: " in why
    assert "connection refused" in why


def test_a_worker_that_does_not_run_need_not_be_scraped() -> None:
    down = {
        "labels": {"instance": "127.0.0.1:1234"},
        "health": "down",
        "lastError": "context deadline exceeded",
        "lastScrapeDuration": 1.0,
    }
    assert targets_that_fail([down], [5678]) == []
    assert targets_that_fail([down], [1234]) == [
        "127.0.0.1:1234 is down: context deadline exceeded (the scrape took 1.000 s)"
    ]
