"""What a run that failed leaves behind, so that it can be explained though it does not come again.

A folder a run: the differences, each worker's log, its pages at that moment, and what Prometheus
says of its scrapes.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import aiohttp

from tests.real.prometheus_server import PrometheusServer
from tests.real.working import WorkerProcess

PAGES: Final = ("/metrics", "/readyz", "/livez")
PAST_S: Final = 180
"""So long before the failure a run's scrapes are of interest."""
OF_WORKERS: Final = '{job="floorwatch",floor=""}'
"""`up`, how long each scrape took and how much it brought, and the workers' own health."""
FIGURES: Final = 'count by (instance) ({__name__=~"floorwatch_.+",floor!=""})'


def keep_evidence(
    folder: Path,
    differences: Sequence[str],
    workers: Sequence[WorkerProcess],
    prometheus: PrometheusServer,
) -> None:
    """Write what memory, logs and pages hold now; what fails is noted instead."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "differences.txt").write_text("".join(f"{line}\n" for line in differences))
    for worker in workers:
        if worker.process is not None:
            _keep_worker(folder, worker)
    asyncio.run(_keep_scrapes(folder, prometheus))


def _keep_worker(folder: Path, worker: WorkerProcess) -> None:
    for page in PAGES:
        began_s = time.monotonic()
        status, body = worker.get(page)
        head = f"# {status} after {time.monotonic() - began_s:.3f} s, port {worker.port}\n"
        (folder / f"{worker.name}{page.replace('/', '-')}.txt").write_bytes(head.encode() + body)
    (folder / f"{worker.name}.log").write_text(worker.log)


async def _keep_scrapes(folder: Path, prometheus: PrometheusServer) -> None:
    now_s = time.time()
    span = {"start": f"{now_s - PAST_S:.3f}", "end": f"{now_s:.3f}", "step": "1"}
    for name, path, parameters in (
        ("targets", "targets", {}),
        ("health", "query_range", {"query": OF_WORKERS, **span}),
        ("series", "query_range", {"query": FIGURES, **span}),
    ):
        try:
            found = await prometheus.answer(path, **parameters)
        except (OSError, aiohttp.ClientError, AssertionError) as error:
            found = {"error": repr(error)}
        (folder / f"{name}.json").write_text(json.dumps(found, indent=1))


def targets_that_fail(targets: Sequence[dict[str, Any]], ports: Sequence[int]) -> list[str]:
    """Why these workers cannot be scraped; `targets`: as Prometheus reports the active ones."""
    return [
        f"{target['labels']['instance']} is {target['health']}: {target['lastError']} "
        f"(the scrape took {target['lastScrapeDuration']:.3f} s)"
        for target in targets
        if target["health"] != "up" and int(target["labels"]["instance"].split(":")[1]) in ports
    ]
