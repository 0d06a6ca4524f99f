"""Prometheus text from immutable figures: rendered once a refresh, off the event loop.

The text is put together from arrays, because prometheus_client's own way costs one and a half
seconds of Python for 500 teams; tests hold it against that slow twin.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from typing import Final

import numpy as np
import orjson

from stream.export.blocks import Block, blocks_of
from stream.export.catalogue import Metric
from stream.export.health import Health
from stream.figures import Figures

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_ESCAPES: Final = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Exporter:
    """What one worker shows to Prometheus: the figures of its shards, and its own health.

    `publish` and `withdraw` swap one reference, so they may be called from any thread.
    """

    def __init__(self, health: Health) -> None:
        self._health = health
        self._shards: Mapping[int, Figures] = {}
        self._rendered: Mapping[int, Figures] | None = None
        self._body = b""
        self._rendering = asyncio.Lock()

    def publish(self, partition: int, figures: Figures) -> None:
        """Show these figures from now on; they must never change again."""
        self._shards = {**self._shards, partition: figures}

    def withdraw(self, partition: int) -> None:
        """Show a shard no longer: it was revoked, and another worker shows it now."""
        self._shards = {at: figures for at, figures in self._shards.items() if at != partition}

    async def text(self) -> bytes:
        """The exposition text. The first scrape after a refresh renders it, in a thread.

        Who is not scraped pays nothing; scrapes of one refresh share one rendering.
        """
        async with self._rendering:
            shards = self._shards
            if shards is not self._rendered:
                self._body = await asyncio.to_thread(render_figures, shards.values())
                self._rendered = shards
            return self._health.text() + self._body


def render_figures(shards: Iterable[Figures]) -> bytes:
    """Exposition text of the figures of several shards, whose floors must differ."""
    return render([block for figures in shards for block in blocks_of(figures)])


def render(blocks: Sequence[Block]) -> bytes:
    """Exposition text of blocks; those of one metric stand together under one header."""
    by_name: dict[str, list[Block]] = {}
    for block in blocks:
        by_name.setdefault(block.metric.name, []).append(block)
    row_labels: dict[int, list[bytes]] = {}
    parts: list[bytes] = []
    for group in by_name.values():
        lines = [part for block in group for part in _lines(block, row_labels)]
        if lines:
            parts.append(_header(group[0].metric))
            parts += lines
            parts.append(b"\n")
    return b"".join(parts)


def _header(metric: Metric) -> bytes:
    text = metric.help.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {metric.name} {text}\n# TYPE {metric.name} {metric.kind.value}".encode()


def _lines(block: Block, row_labels: dict[int, list[bytes]]) -> list[bytes]:
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
