"""Makes flat, readable views for Redis from figures.

A figure without a value has no field. In Redis every field is text: ratios have six decimals,
seconds three, counts none; instants are RFC 3339. Numbers are handed to the store as they are, with
their formats: it formats those that have changed. `stream.render.view_fields` declares the fields.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import compress
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
"""The direction of a verdict, so that a gain never looks like a loss."""
FORMATS: Final = {
    Form.count: "%.0f",
    Form.seconds: "%.3f",
    Form.ratio: "%.6f",
    Form.instant: "%s",
}
"""As of printf: Python and Redis' Lua write a number alike."""
Value = str | float
"""Of a field: text, or a number that the store formats as `field_formats` says."""
HEADLINE_WINDOW: Final = "15m"
"""The window of the pool's unqualified field `service_level`."""


@dataclass(frozen=True, slots=True)
class ViewTable:
    """All views of one kind: R rows with F number fields, and text fields by row."""

    rows: tuple[ViewKey, ...]
    fields: tuple[str, ...]
    formats: tuple[str, ...]
    """By number field."""
    instants: tuple[int, ...]
    """Places of fields that are instants."""
    numbers: F64
    """(R, F): a value that is not finite has no field."""
    texts: tuple[dict[str, str], ...]
    """By row."""


def format_views(figures: Figures) -> dict[ViewKey, dict[str, str]]:
    """All views of a shard as Redis shows them: every field is text."""
    formats = dict(field_formats(figures))
    return {
        key: {
            field: value if isinstance(value, str) else formats[field] % value
            for field, value in view.items()
        }
        for key, view in views_of(figures).items()
    }


def views_of(figures: Figures) -> dict[ViewKey, dict[str, Value]]:
    """All views of a shard with all their fields."""
    tables = (team_table(figures), pool_table(figures))
    return {
        row: view for table in tables for row, view in zip(table.rows, _views(table), strict=True)
    }


def field_formats(figures: Figures) -> tuple[tuple[str, str], ...]:
    """(field, format) of all numbers that views of a shard with these ratios may have, sorted."""
    tables = (team_table(figures), pool_table(figures))
    return tuple(
        sorted({one for table in tables for one in zip(table.fields, table.formats, strict=True)})
    )


def _views(table: ViewTable) -> Iterator[dict[str, Value]]:
    has = np.isfinite(table.numbers)
    rows: Iterator[tuple[dict[str, str], list[Value], Bool]] = zip(
        table.texts, table.numbers.tolist(), has, strict=True
    )
    for texts, values, own in rows:
        for place in table.instants:
            values[place] = _instant(values[place])
        mask = own.tobytes()
        fields = _with_value(table.fields, mask)
        yield {**texts, **dict(zip(fields, compress(values, mask), strict=True))}


@lru_cache(maxsize=1_024)
def _with_value(fields: tuple[str, ...], mask: bytes) -> tuple[str, ...]:
    return tuple(compress(fields, mask))


@lru_cache(maxsize=1_024)
def _instant(seconds: Value) -> str:
    seconds = float(seconds)
    return rfc3339(round(seconds * 1_000)) if math.isfinite(seconds) else ""


def team_table(figures: Figures) -> ViewTable:
    """Views of all teams."""
    keys = figures.teams.keys
    staffed = figures.teams.heads[:, sorted(STAFFED)].sum(axis=1)
    texts = _control_texts(figures.detectors, keys)
    for key, row in zip(keys, texts, strict=True):
        row[TeamView.pool] = key.pool
        if TeamView.verdict in row:
            row[TeamView.signal] = SIGNALS.get(Verdict(row[TeamView.verdict]), NO_SIGNAL)
    own = _Numbers((TeamView.staffed,), Form.count, staffed[:, None])
    rows = tuple(ViewKey(ViewKind.team, key.floor, key.team) for key in keys)
    return _table(rows, [own, *_numbers(team_series(figures))], texts)


def pool_table(figures: Figures) -> ViewTable:
    """Views of all pools."""
    keys = figures.pools.keys
    texts = _control_texts(figures.detectors, keys)
    for row, in_peak in zip(texts, figures.pools.in_peak.tolist(), strict=True):
        row[PoolView.peak] = SCHEDULED if in_peak else NO_PEAK
    level = figures.pools.service_level[:, WINDOWS.index(HEADLINE_WINDOW)]
    as_of = np.full(len(keys), figures.as_of_ms / 1_000)
    own = [
        _Numbers((PoolView.as_of,), Form.instant, as_of[:, None]),
        _Numbers((PoolView.service_level,), Form.ratio, level[:, None]),
    ]
    rows = tuple(ViewKey(ViewKind.pool, *key) for key in keys)
    return _table(rows, [*own, *_numbers(pool_series(figures))], texts)


@dataclass(frozen=True, slots=True)
class _Numbers:
    fields: tuple[str, ...]
    form: Form
    values: I64 | F64
    """(R, fields)"""


def _numbers(series: Sequence[Series]) -> list[_Numbers]:
    return [_Numbers(one.fields, one.form, one.values) for one in series if one.fields]


def _table(
    rows: tuple[ViewKey, ...], parts: Sequence[_Numbers], texts: Sequence[dict[str, str]]
) -> ViewTable:
    formats = tuple(FORMATS[part.form] for part in parts for _ in part.fields)
    return ViewTable(
        rows,
        tuple(field for part in parts for field in part.fields),
        formats,
        tuple(place for place, one in enumerate(formats) if one == FORMATS[Form.instant]),
        np.concatenate([part.values for part in parts], axis=1, dtype=np.float64),
        tuple(texts),
    )


def _control_texts(
    detectors: Sequence[DetectorView], keys: Sequence[TeamKey] | Sequence[PoolKey]
) -> list[dict[str, str]]:
    """The verdict and the detectors' fields of each team, or of each pool."""
    texts: list[dict[str, str]] = [{} for _ in keys]
    row_of = {key if len(key) == 3 else (*key, ""): at for at, key in enumerate(keys)}
    for view in detectors:
        at = row_of.get((view.floor, view.pool, view.team))
        if at is not None:
            texts[at].update(_detector_texts(view))
    return texts


def _detector_texts(view: DetectorView) -> dict[str, str]:
    if view.detector == VERDICT:
        return {View.verdict: view.state.value}
    control, alert, *numbers = _detector_fields(view.detector)
    texts = {control: view.state.value}
    if view.severity is not None:
        texts[alert] = view.severity.value
    if view.team:
        # The statistics of a pool have no metric yet, so its view has no such fields either.
        for field, value in zip(numbers, (view.statistic, view.limit), strict=True):
            if math.isfinite(value):
                texts[field] = f"{value:.6g}"
    return texts


@cache
def _detector_fields(detector: str) -> tuple[str, ...]:
    return tuple(qualified(name, detector) for name in (f.CONTROL, f.ALERT, f.STATISTIC, f.LIMIT))
