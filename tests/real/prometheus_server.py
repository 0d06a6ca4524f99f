"""A real Prometheus that scrapes workers, and what it understood."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from stream.cli.embedded import Program, free_port
from tests.render.samples import Samples

_CONFIGURATION = """
global:
  scrape_interval: {interval}
  scrape_timeout: {interval}
  evaluation_interval: 1s
rule_files: {rules}
scrape_configs:
  - job_name: floorwatch
    static_configs:
      - targets: {targets}
"""


class PrometheusServer(Program):
    """Prometheus with an empty store of its own."""

    def __init__(
        self,
        executable: Path,
        directory: Path,
        *scraped_ports: int,
        interval: str = "250ms",
        rules: Sequence[Path] = (),
    ) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        configuration = directory / "prometheus.yml"
        targets = [f"127.0.0.1:{port}" for port in scraped_ports]
        configuration.write_text(
            _CONFIGURATION.format(
                targets=targets, interval=interval, rules=[str(path) for path in rules]
            )
        )
        port = free_port()
        command = (
            str(executable),
            f"--config.file={configuration}",
            f"--storage.tsdb.path={directory / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        )
        super().__init__("prometheus", command, port, directory)

    async def series(self, selector: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of all series now; none while it does not answer."""
        url = f"http://{self.address}/api/v1/query"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data={"query": selector}) as response,
        ):
            if response.status != 200:
                return []
            answer = await response.json()
        return [(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]

    async def answer(self, path: str, **parameters: str) -> Any:
        """What the API answers; an error is one of ours."""
        url = f"http://{self.address}/api/v1/{path}"
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=parameters) if parameters else session.get(url) as response,
        ):
            answer = await response.json()
        assert answer["status"] == "success", answer
        return answer["data"]

    async def samples(self, selector: str = '{__name__=~"floorwatch_.+"}') -> Samples:
        """Series now, without the labels that Prometheus itself adds."""
        samples: Samples = {}
        for labels, value in await self.series(selector):
            name = labels.pop("__name__")
            for own in ("instance", "job"):
                labels.pop(own)
            samples[name, frozenset(labels.items())] = value
        return samples

    async def until(self, condition: Callable[[Samples], bool], seconds: float = 20.0) -> Samples:
        """The first series for which this holds; polled, as nothing else signals it."""
        async with asyncio.timeout(seconds):
            while not condition(samples := await self.samples()):  # noqa: ASYNC110 - see above
                await asyncio.sleep(0.05)
        return samples
