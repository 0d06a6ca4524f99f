"""Figures as flat, readable views for Redis.

A field of a view is text; what has no value has no field. Ratios have six decimals, seconds
three, counts none, instants are RFC 3339.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from stream.control.model import DetectorView, Verdict
from stream.events.language import I64, STAFFED, Bool
from stream.figures.model import F64, WINDOWS, Figures
from stream.ids import PoolKey, TeamKey
from stream.render import view_fields as f
from stream.render.series import SCHEDULED, VERDICT, Form, Series, pool_series, team_series
from stream.render.view_fields import PoolView, TeamView, View, ViewKey, ViewKind, qualified
from stream.units import rfc3339

NO_PEAK: Final = "none"
NO_SIGNAL: Final = "none"
SIGNALS: Final = {
    Verdict.out_of_control: "worse",
    Verdict.watch: "worse",
    Verdict.improving: "better",
}
"""Which way a verdict points, so that a gain is never shown like a loss."""
HEADLINE_WINDOW: Final = "15m"
"""The window of the pool's field `service_level`, which names none."""


@dataclass(frozen=True, slots=True)
class ViewTable:
    """All views of one kind: R rows, F number fields, and words that differ by row."""

    rows: tuple[ViewKey, ...]
    fields: tuple[str, ...]
    forms: tuple[Form, ...]
    """By number field."""
    numbers: F64
    """(R, F): what is not finite has no field."""
    words: tuple[dict[str, str], ...]
    """By row."""


class ViewWriter:
    """Writes the views of one shard; remembers the last ones, to write anew only what changed.

    What it remembers never shows in the answer, only in the time that it takes.
    """

    def __init__(self) -> None:
        self._last: dict[ViewKind, tuple[ViewTable, list[dict[str, str]]]] = {}

    def views(self, figures: Figures) -> dict[ViewKey, dict[str, str]]:
        """All views, whole. Unchanged texts are the very objects of the answer before."""
        tables = {ViewKind.team: team_table(figures), ViewKind.pool: pool_table(figures)}
        views: dict[ViewKey, dict[str, str]] = {}
        for kind, table in tables.items():
            texts = _texts(table, *self._last.get(kind, (table, None)))
            self._last[kind] = (table, texts)
            rows = zip(table.rows, texts, table.words, strict=True)
            views |= {row: words | numbers for row, numbers, words in rows}
        return views


def number_fields(figures: Figures) -> tuple[str, ...]:
    """Names of all numbers that views of a shard with these ratios may hold."""
    return tuple(sorted({*team_table(figures).fields, *pool_table(figures).fields}))


def _texts(
    table: ViewTable, before: ViewTable, written: list[dict[str, str]] | None
) -> list[dict[str, str]]:
    """The number fields as text, by row; `written` are those of the table before, if any."""
    if written is None or table.rows != before.rows or table.fields != before.fields:
        texts: list[dict[str, str]] = [{} for _ in table.rows]
        old = np.full_like(table.numbers, np.nan)
    else:
        texts = [row.copy() for row in written]
        old = before.numbers
    has = np.isfinite(table.numbers)
    _write_numbers(table, has & (old != table.numbers), texts)
    for at, column in np.argwhere(np.isfinite(old) & ~has).tolist():
        del texts[at][table.fields[column]]
    return texts


def _write_numbers(table: ViewTable, chosen: Bool, texts: Sequence[dict[str, str]]) -> None:
    form_of = np.array(table.forms, object)
    for form in set(table.forms):
        columns = np.flatnonzero(form_of == form)
        rows, at = np.nonzero(chosen[:, columns])
        cells = columns[at]
        written = texts_of(form, table.numbers[rows, cells])
        for row, cell, text in zip(rows.tolist(), cells.tolist(), written, strict=True):
            texts[row][table.fields[cell]] = text


_FORMATS: Final = {Form.count: "%d\n", Form.seconds: "%.3f\n", Form.ratio: "%.6f\n"}


def texts_of(form: Form, values: F64) -> list[str]:
    """Texts of finite numbers, in bulk: one formatting operation for all."""
    if form is Form.instant:
        of = {value: rfc3339(round(value * 1_000)) for value in set(values.tolist())}
        return [of[value] for value in values.tolist()]
    return ((_FORMATS[form] * values.size) % tuple(values.tolist())).split("\n")[:-1]


def team_table(figures: Figures) -> ViewTable:
    """Views of all teams."""
    keys = figures.teams.keys
    staffed = figures.teams.heads[:, sorted(STAFFED)].sum(axis=1)
    words = _control_words(figures.detectors, keys)
    for key, row in zip(keys, words, strict=True):
        row[TeamView.pool] = key.pool
        if TeamView.verdict in row:
            row[TeamView.signal] = SIGNALS.get(Verdict(row[TeamView.verdict]), NO_SIGNAL)
    columns = [_Column(TeamView.staffed, Form.count, staffed)]
    rows = tuple(ViewKey(ViewKind.team, key.floor, key.team) for key in keys)
    return _table(rows, [*columns, *_columns(team_series(figures))], words)


def pool_table(figures: Figures) -> ViewTable:
    """Views of all pools."""
    keys = figures.pools.keys
    words = _control_words(figures.detectors, keys)
    for row, in_peak in zip(words, figures.pools.in_peak.tolist(), strict=True):
        row[PoolView.peak] = SCHEDULED if in_peak else NO_PEAK
    level = figures.pools.service_level[:, WINDOWS.index(HEADLINE_WINDOW)]
    as_of = np.full(len(keys), figures.as_of_ms / 1_000)
    columns = [
        _Column(PoolView.as_of, Form.instant, as_of),
        _Column(PoolView.service_level, Form.ratio, level),
    ]
    rows = tuple(ViewKey(ViewKind.pool, *key) for key in keys)
    return _table(rows, [*columns, *_columns(pool_series(figures))], words)


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    form: Form
    values: I64 | F64
    """(R,)"""


def _columns(blocks: Sequence[Series]) -> list[_Column]:
    return [
        _Column(name, block.form, block.values[:, at])
        for block in blocks
        for at, name in enumerate(block.fields)
    ]


def _table(
    rows: tuple[ViewKey, ...],
    columns: Sequence[_Column],
    words: Sequence[dict[str, str]],
) -> ViewTable:
    numbers = np.empty((len(rows), len(columns)))
    for at, column in enumerate(columns):
        numbers[:, at] = column.values
    fields = tuple(column.name for column in columns)
    return ViewTable(rows, fields, tuple(c.form for c in columns), numbers, tuple(words))


def _control_words(
    detectors: Sequence[DetectorView], keys: Sequence[TeamKey] | Sequence[PoolKey]
) -> list[dict[str, str]]:
    """The verdict and the detectors' fields of each team, or of each pool."""
    words: list[dict[str, str]] = [{} for _ in keys]
    row_of = {key if len(key) == 3 else (*key, ""): at for at, key in enumerate(keys)}
    for view in detectors:
        at = row_of.get((view.floor, view.pool, view.team))
        if at is not None:
            words[at].update(_detector_words(view))
    return words


def _detector_words(view: DetectorView) -> dict[str, str]:
    if view.detector == VERDICT:
        return {View.verdict: view.state.value}
    words = {qualified(f.CONTROL, view.detector): view.state.value}
    if view.severity is not None:
        words[qualified(f.ALERT, view.detector)] = view.severity.value
    for name, value in ((f.STATISTIC, view.statistic), (f.LIMIT, view.limit)):
        # A pool's statistics have no series of their own yet, so its view has none either.
        if view.team and math.isfinite(value):
            words[qualified(name, view.detector)] = f"{value:.6g}"
    return words
