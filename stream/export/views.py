"""Figures as flat, readable views for Redis, and what has changed since they were last written.

A field of a view is text; what has no value has no field. Ratios have six decimals, seconds
three, counts none, instants are RFC 3339.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import numpy as np

from stream.control.model import DetectorView, PoolKey, TeamKey, Verdict
from stream.events.language import I64, STAFFED, Bool
from stream.export.blocks import SCHEDULED, VERDICT, Block, Form, pool_blocks, team_blocks
from stream.figures import F64, WINDOWS, Figures
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


class ViewKind(StrEnum):
    """What a view is of; the value stands in its Redis key."""

    team = "team"
    pool = "pool"


@dataclass(frozen=True, slots=True)
class ViewChange:
    """What must be written so that one view holds again."""

    kind: ViewKind
    floor: str
    name: str
    """Of the team or pool."""
    changed: dict[str, str] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    whole: bool = False
    """The view begins anew: whatever else was stored under it goes."""
    gone: bool = False
    """The view no longer exists."""


@dataclass(frozen=True, slots=True)
class Table:
    """All views of one kind: R rows, F number fields, and words that differ by row."""

    kind: ViewKind
    rows: tuple[tuple[str, str], ...]
    """(floor, name)"""
    fields: tuple[str, ...]
    forms: tuple[Form, ...]
    """By number field."""
    numbers: F64
    """(R, F): what is not finite has no field."""
    words: tuple[dict[str, str], ...]
    """By row."""


class ViewDiffer:
    """Remembers what was written last; one for each shard.

    `diff` takes for granted that its answer will be written. Where that failed, `forget` the
    views in question: they will be written as a whole next time.
    """

    def __init__(self) -> None:
        self._last: dict[ViewKind, Table] = {}
        self._row_of: dict[ViewKind, dict[tuple[str, str], int]] = {
            ViewKind.team: {},
            ViewKind.pool: {},
        }

    def diff(self, figures: Figures) -> list[ViewChange]:
        """Changes of all views that differ from what was written last; whole views at first."""
        return [
            *self._diff(team_table(figures)),
            *self._diff(pool_table(figures)),
        ]

    def forget(self, kind: ViewKind, floor: str, name: str) -> None:
        """What stands in the store is not known for this view."""
        self._row_of[kind].pop((floor, name), None)

    def forget_all(self) -> None:
        """What stands in the store is not known for any view."""
        for rows in self._row_of.values():
            rows.clear()

    def _diff(self, table: Table) -> list[ViewChange]:
        before = self._last.get(table.kind)
        row_of = self._row_of[table.kind]
        if before is None or before.fields != table.fields:
            before, row_of = table, {}
        gone = row_of.keys() - set(table.rows)
        old_row = np.array([row_of.get(row, -1) for row in table.rows], np.int64)
        changes = _changes(table, before, old_row)
        self._last[table.kind] = table
        self._row_of[table.kind] = {row: at for at, row in enumerate(table.rows)}
        written = [c for c in changes if c.changed or c.removed or c.whole]
        return written + [ViewChange(table.kind, *row, gone=True) for row in sorted(gone)]


def _changes(table: Table, before: Table, old_row: I64) -> list[ViewChange]:
    """One change a row, perhaps empty. `old_row`: where it stood before, -1 if nowhere."""
    changes = [
        ViewChange(table.kind, *row, whole=bool(old < 0))
        for row, old in zip(table.rows, old_row.tolist(), strict=True)
    ]
    if not changes:
        return changes
    known = old_row >= 0
    old = np.full(table.numbers.shape, np.nan)
    old[known] = before.numbers[old_row[known]]
    had, has = np.isfinite(old), np.isfinite(table.numbers)
    _write_numbers(table, has & (old != table.numbers), changes)
    for at, column in np.argwhere(had & ~has).tolist():
        changes[at].removed.append(table.fields[column])
    for at, change in enumerate(changes):
        words_before = before.words[old_row[at]] if old_row[at] >= 0 else {}
        _write_words(change, table.words[at], words_before)
    return changes


def _write_words(change: ViewChange, now: Mapping[str, str], before: Mapping[str, str]) -> None:
    if now == before:
        return
    change.changed.update({name: text for name, text in now.items() if before.get(name) != text})
    change.removed.extend(name for name in before if name not in now)


def _write_numbers(table: Table, chosen: Bool, changes: Sequence[ViewChange]) -> None:
    form_of = np.array(table.forms, object)
    for form in set(table.forms):
        columns = np.flatnonzero(form_of == form)
        rows, at = np.nonzero(chosen[:, columns])
        cells = columns[at]
        texts = texts_of(form, table.numbers[rows, cells])
        for row, cell, text in zip(rows.tolist(), cells.tolist(), texts, strict=True):
            changes[row].changed[table.fields[cell]] = text


_FORMATS: Final = {Form.count: "%d\n", Form.seconds: "%.3f\n", Form.ratio: "%.6f\n"}


def texts_of(form: Form, values: F64) -> list[str]:
    """Texts of finite numbers, in bulk: one formatting operation for all."""
    if form is Form.instant:
        of = {value: rfc3339(round(value * 1_000)) for value in set(values.tolist())}
        return [of[value] for value in values.tolist()]
    return ((_FORMATS[form] * values.size) % tuple(values.tolist())).split("\n")[:-1]


def team_table(figures: Figures) -> Table:
    """Views of all teams."""
    keys = figures.teams.keys
    staffed = figures.teams.heads[:, sorted(STAFFED)].sum(axis=1)
    words = _control_words(figures.detectors, keys)
    for key, row in zip(keys, words, strict=True):
        row["pool"] = key.pool
        if VERDICT in row:
            row["signal"] = SIGNALS.get(Verdict(row[VERDICT]), NO_SIGNAL)
    columns = [_Column("staffed", Form.count, staffed)]
    rows = tuple((key.floor, key.team) for key in keys)
    return _table(ViewKind.team, rows, [*columns, *_columns(team_blocks(figures))], words)


def pool_table(figures: Figures) -> Table:
    """Views of all pools."""
    keys = figures.pools.keys
    words = _control_words(figures.detectors, keys)
    for row, in_peak in zip(words, figures.pools.in_peak.tolist(), strict=True):
        row["peak"] = SCHEDULED if in_peak else NO_PEAK
    level = figures.pools.service_level[:, WINDOWS.index(HEADLINE_WINDOW)]
    as_of = np.full(len(keys), figures.as_of_ms / 1_000)
    columns = [
        _Column("as_of", Form.instant, as_of),
        _Column("service_level", Form.ratio, level),
    ]
    return _table(ViewKind.pool, tuple(keys), [*columns, *_columns(pool_blocks(figures))], words)


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    form: Form
    values: I64 | F64
    """(R,)"""


def _columns(blocks: Sequence[Block]) -> list[_Column]:
    return [
        _Column(name, block.form, block.values[:, at])
        for block in blocks
        for at, name in enumerate(block.fields)
    ]


def _table(
    kind: ViewKind,
    rows: tuple[tuple[str, str], ...],
    columns: Sequence[_Column],
    words: Sequence[dict[str, str]],
) -> Table:
    numbers = np.empty((len(rows), len(columns)))
    for at, column in enumerate(columns):
        numbers[:, at] = column.values
    fields = tuple(column.name for column in columns)
    return Table(kind, rows, fields, tuple(c.form for c in columns), numbers, tuple(words))


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
        return {VERDICT: view.state.value}
    words = {f"control:{view.detector}": view.state.value}
    if view.severity is not None:
        words[f"alert:{view.detector}"] = view.severity.value
    for name, value in (("statistic", view.statistic), ("limit", view.limit)):
        # A pool's statistics have no series of their own yet, so its view has none either.
        if view.team and math.isfinite(value):
            words[f"{name}:{view.detector}"] = f"{value:.6g}"
    return words
