"""Prometheus text from immutable figures: rendered once a refresh, off the event loop.

The text is put together from arrays, because prometheus_client's own way costs one and a half
seconds of Python for 500 teams; tests hold it against that slow twin. It is compressed at once too:
13 MB for Prometheus, which always takes gzip, would be written while other work goes on beside.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import compress
from typing import Final

import numpy as np
import orjson

from stream.figures.model import Figures
from stream.render.gzipped import Gzipped
from stream.render.metric import Metric
from stream.render.selection import ALL, Selection, capped
from stream.render.series import Series, series_of
from stream.render.worker_metrics import Health

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

RENDER_SHARE_MAX: Final = 0.02
"""Of one core: after a rendering the next one waits for fifty times as much CPU time as it took."""
SCRAPED_S: Final = 300.0
"""Who was not asked for so long renders no more until it is asked."""

_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Exporter:
    """What one worker shows to Prometheus: the figures of its shards, and its own health.

    While `run` runs and somebody scrapes, each refresh is rendered as it comes, as far as
    `RENDER_SHARE_MAX` lets it, and a scrape is answered at once. Otherwise a scrape renders; so
    does the first one after a shard came or went, whose series would stand nowhere, or twice.

    Args:
        health: the worker's own figures, which are always current.
        selection: which of the others are exported.
        clock: monotonic, in seconds.
        cpu_clock: of the calling thread, in seconds.
    """

    def __init__(
        self,
        health: Health,
        selection: Selection = ALL,
        clock: Callable[[], float] = time.monotonic,
        cpu_clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._health = health
        self._selection = selection
        self._clock = clock
        self._cpu_clock = cpu_clock
        self._shards: Mapping[int, Figures] = {}
        self._rendered: Mapping[int, Figures] | None = None
        self._moves = self._moves_rendered = 0  # shards that came or went
        self._body = Gzipped.of(b"")
        self._rendering = asyncio.Lock()
        self._news = asyncio.Event()
        self._asked_s = -SCRAPED_S
        self._runs = False

    def publish(self, partition: int, figures: Figures) -> None:
        """Show these figures from now on; they must never change again."""
        self._moves += partition not in self._shards
        self._shards = {**self._shards, partition: figures}
        self._news.set()

    def withdraw(self, partition: int) -> None:
        """Show a shard no longer: it was revoked, and another worker shows it now."""
        self._moves += partition in self._shards
        self._shards = {at: figures for at, figures in self._shards.items() if at != partition}
        self._news.set()

    async def run(self) -> None:
        """Keep the text current for those who scrape; ended by cancelling it."""
        self._runs = True
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                if not self._is_scraped:
                    continue
                # Not by the time that passes: in a process that was stopped or had to wait for a
                # processor, a rendering of nine seconds would hold the next one up for minutes.
                spent_s = await self._render()
                await asyncio.sleep(spent_s / RENDER_SHARE_MAX)
        finally:
            self._runs = False

    async def text(self) -> bytes:
        """The exposition text."""
        return (await self._current()).text + self._health.text()

    async def gzipped(self) -> bytes:
        """The same, as one gzip stream of which nearly all was compressed ahead."""
        return (await self._current()).ended(self._health.text())

    async def _current(self) -> Gzipped:
        kept = self._runs and self._is_scraped
        self._asked_s = self._clock()
        if not kept or self._moves != self._moves_rendered:
            await self._render()
        return self._body

    @property
    def _is_scraped(self) -> bool:
        return self._clock() - self._asked_s < SCRAPED_S

    async def _render(self) -> float:
        """Render what is not yet rendered; the CPU time that it took."""
        async with self._rendering:
            shards, moves = self._shards, self._moves
            if shards is self._rendered:
                return 0.0
            began_s = self._clock()
            (self._body, left_out), spent_s = await asyncio.to_thread(
                self._metered, shards.values()
            )
            self._rendered, self._moves_rendered = shards, moves
            self._health.exposition_seconds.observe(self._clock() - began_s)
            for kind, rows in left_out.items():
                self._health.left_out.labels(kind).set(rows)
            return spent_s

    def _metered(
        self, shards: Iterable[Figures]
    ) -> tuple[tuple[Gzipped, Mapping[str, int]], float]:
        began_s = self._cpu_clock()
        return self._chosen(shards), self._cpu_clock() - began_s

    def _chosen(self, shards: Iterable[Figures]) -> tuple[Gzipped, Mapping[str, int]]:
        """The text, and how many rows are left out of it, by kind."""
        kept, left_out = capped(shards, self._selection.rows_max)
        return Gzipped.of(render_figures(kept, self._selection)), left_out


def render_figures(shards: Iterable[Figures], selection: Selection = ALL) -> bytes:
    """Exposition text of the figures of several shards, whose floors must differ."""
    chosen = [selection.of_blocks(series_of(figures)) for figures in shards]
    return render([block for blocks in chosen for block in blocks])


def render(blocks: Sequence[Series]) -> bytes:
    """Exposition text of blocks; those of one metric stand together under one header."""
    by_name: dict[str, list[Series]] = {}
    for block in blocks:
        by_name.setdefault(block.metric.name, []).append(block)
    row_labels: dict[int, list[bytes]] = {}
    texts: list[bytes] = []
    for group in by_name.values():
        # Joined block by block: one join of all would keep the event loop waiting for its end.
        lines = [b"".join(_lines(block, row_labels)) for block in group]
        if any(lines):
            texts += (_header(group[0].metric), *lines, b"\n")
    return b"".join(texts)


def _header(metric: Metric) -> bytes:
    text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {metric.name} {text}\n# TYPE {metric.name} {metric.kind.value}".encode()


def _lines(block: Series, row_labels: dict[int, list[bytes]]) -> list[bytes]:
    """Three parts a series: its metric and row, its column, its number.

    `row_labels` remembers the labels of rows that several blocks share.
    """
    if not block.values.size:
        return []
    names = block.metric.labels
    rows = row_labels.get(id(block.rows))
    if rows is None:
        rows = row_labels[id(block.rows)] = [_labels(names, row) for row in block.rows]
    start = f"\n{block.metric.name}{{".encode()
    rest = names[len(block.rows[0]) :]
    ends = [b"%b} " % b"".join((b"," * bool(col), _labels(rest, col))) for col in block.columns]
    flat = np.ascontiguousarray(block.values).ravel()
    parts = [b""] * (3 * flat.size)
    parts[0::3] = [start + row for row in rows for _ in ends]
    parts[1::3] = ends * len(rows)
    parts[2::3] = orjson.dumps(flat, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")
    exists = np.isfinite(flat)
    return parts if exists.all() else list(compress(parts, np.repeat(exists, 3).tolist()))


def _labels(names: Sequence[str], values: Sequence[str]) -> bytes:
    pairs = zip(names, values, strict=False)
    return ",".join(f'{name}="{value.translate(_ESCAPES)}"' for name, value in pairs).encode()
