"""Prometheus text from immutable figures, rendered once a refresh, off the event loop.

The text is joined from arrays, because prometheus_client needs one and a half seconds of Python for
500 teams; tests compare the two. It is compressed at once too: Prometheus always accepts gzip, and
13 MB of plain text would have to be written to it while other work goes on.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress, pairwise
from typing import Final

import numpy as np
import orjson

from stream.figures.model import Figures
from stream.render.gzipped import Gzipped
from stream.render.metric import Metric
from stream.render.selection import ALL, MetricSelection, capped
from stream.render.series import Series, series_of
from stream.render.worker_metrics import Health

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

RENDER_SHARE_MAX: Final = 0.02
"""Of one core: after a rendering the next one waits fifty times as long as it took CPU time."""
SCRAPED_S: Final = 300.0
"""Without a scrape for so long, nothing is rendered until the next scrape."""
AHEAD_S: Final = 2.0
"""A rendering begins so long before a scrape that can be foreseen."""
JITTER_S: Final = 1.0
"""Scrapes are regular if the last two came after waits that differ by no more."""

_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Exporter:
    """What one worker exports to Prometheus: the figures of its shards, and its own metrics.

    While `run` runs and Prometheus scrapes, refreshes are rendered ahead, within
    `RENDER_SHARE_MAX`, and a scrape is answered at once; where scrapes are regular, only the
    refreshes shortly before each. Otherwise the scrape renders. So does the first scrape after a
    shard was added or withdrawn: its series would be missing, or exported by two workers.

    Args:
        health: the worker's own metrics, which are always current.
        selection: which figures are exported.
        clock: monotonic, in seconds.
        cpu_clock: of the calling thread, in seconds.
    """

    def __init__(
        self,
        health: Health,
        selection: MetricSelection = ALL,
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._health = health
        self._selection = selection
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._shards: Mapping[int, Figures] = {}
        self._rendered: Mapping[int, Figures] | None = None
        self._changes = self._changes_rendered = 0  # shards added or withdrawn
        self._body = Gzipped.of(b"")
        self._rendering = asyncio.Lock()
        self._published = asyncio.Event()
        self._scrapes_s = deque([-SCRAPED_S], maxlen=3)
        self._running = False

    def publish(self, partition: int, figures: Figures) -> None:
        """Export these figures from now on; they must never change again."""
        self._changes += partition not in self._shards
        self._shards = {**self._shards, partition: figures}
        self._published.set()

    def withdraw(self, partition: int) -> None:
        """Stop to export a shard: it was revoked, and another worker exports it now."""
        self._changes += partition in self._shards
        self._shards = {at: figures for at, figures in self._shards.items() if at != partition}
        self._published.set()

    async def run(self) -> None:
        """Render ahead of the scrapes until the task is cancelled."""
        self._running = True
        try:
            while True:
                await self._published.wait()
                self._published.clear()
                if not self._is_scraped:
                    continue
                if (wait_s := self._foreseen_in_s() - AHEAD_S) > 0:
                    await asyncio.sleep(wait_s)
                    self._published.clear()
                # Measured as CPU time: in a process that was stopped or had to wait for a core, a
                # rendering of nine seconds would delay the next one for minutes.
                spent_s = await self._render()
                await asyncio.sleep(spent_s / RENDER_SHARE_MAX)
        finally:
            self._running = False

    async def text(self) -> bytes:
        """The exposition text."""
        return (await self._current()).text + self._health.text()

    async def gzipped(self) -> bytes:
        """The exposition text as one gzip stream, nearly all of it compressed ahead."""
        return (await self._current()).ended(self._health.text())

    async def _current(self) -> Gzipped:
        kept = self._running and self._is_scraped
        self._scrapes_s.append(self._clock())
        if not kept or self._changes != self._changes_rendered:
            await self._render()
        return self._body

    @property
    def _is_scraped(self) -> bool:
        return self._clock() - self._scrapes_s[-1] < SCRAPED_S

    def _foreseen_in_s(self) -> float:
        """When the next scrape will come; 0 if that is not known."""
        waits_s = [after - before for before, after in pairwise(self._scrapes_s)]
        if len(waits_s) < 2 or abs(waits_s[0] - waits_s[1]) > JITTER_S:
            return 0.0
        return self._scrapes_s[-1] + waits_s[-1] - self._clock()

    async def _render(self) -> float:
        """Render what is not rendered yet; returns the CPU time that it took, in seconds."""
        async with self._rendering:
            shards, changes = self._shards, self._changes
            if shards is self._rendered:
                return 0.0
            began_s = self._clock()
            (self._body, left_out), spent_s = await asyncio.to_thread(self._timed, shards.values())
            self._rendered, self._changes_rendered = shards, changes
            self._health.exposition_seconds.observe(self._clock() - began_s)
            for kind, rows in left_out.items():
                self._health.left_out.labels(kind).set(rows)
            return spent_s

    def _timed(self, shards: Iterable[Figures]) -> tuple[tuple[Gzipped, Mapping[str, int]], float]:
        began_s = self._cpu_clock()
        return self._compressed(shards), self._cpu_clock() - began_s

    def _compressed(self, shards: Iterable[Figures]) -> tuple[Gzipped, Mapping[str, int]]:
        """The text, and how many rows are left out of it, by kind."""
        kept, left_out = capped(shards, self._selection.rows_max)
        return Gzipped.of(render_figures(kept, self._selection)), left_out


def render_figures(shards: Iterable[Figures], selection: MetricSelection = ALL) -> bytes:
    """Exposition text of the figures of several shards, whose floors must differ."""
    return render([series for figures in shards for series in selection.select(series_of(figures))])


def render(series: Sequence[Series]) -> bytes:
    """Exposition text of series, grouped by metric, each group under one header."""
    by_name: dict[str, list[Series]] = {}
    for one in series:
        by_name.setdefault(one.metric.name, []).append(one)
    row_labels: dict[int, list[bytes]] = {}
    texts: list[bytes] = []
    for group in by_name.values():
        # Joined one by one: a single join of all would block the event loop until its end.
        lines = [b"".join(_lines(one, row_labels)) for one in group]
        if any(lines):
            texts += (_header(group[0].metric), *lines, b"\n")
    return b"".join(texts)


def _header(metric: Metric) -> bytes:
    text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {metric.name} {text}\n# TYPE {metric.name} {metric.kind.value}".encode()


def _lines(series: Series, row_labels: dict[int, list[bytes]]) -> list[bytes]:
    """Three parts for each value: metric and row, column, number.

    `row_labels` caches the labels of rows that several series share.
    """
    if not series.values.size:
        return []
    names = series.metric.labels
    rows = row_labels.get(id(series.rows))
    if rows is None:
        rows = row_labels[id(series.rows)] = [_labels(names, row) for row in series.rows]
    start = f"\n{series.metric.name}{{".encode()
    rest = names[len(series.rows[0]) :]
    ends = [b"%b} " % b"".join((b"," * bool(col), _labels(rest, col))) for col in series.columns]
    flat = np.ascontiguousarray(series.values).ravel()
    parts = [b""] * (3 * flat.size)
    parts[0::3] = [start + row for row in rows for _ in ends]
    parts[1::3] = ends * len(rows)
    parts[2::3] = orjson.dumps(flat, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
    exists = np.isfinite(flat)
    return parts if exists.all() else list(compress(parts, np.repeat(exists, 3).tolist()))


def _labels(names: Sequence[str], values: Sequence[str]) -> bytes:
    pairs = zip(names, values, strict=False)
    return ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in pairs).encode()
