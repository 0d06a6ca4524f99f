"""Writes figures as flat, readable views for Redis.

A field of a view is text; a figure without a value has no field. Ratios have six decimals, seconds
three, counts none; instants are RFC 3339. `stream.render.view_fields` declares the fields.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Final

import numpy as np
import orjson

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
HEADLINE_WINDOW: Final = "15m"
"""The window of the pool's unqualified field `service_level`."""


@dataclass(frozen=True, slots=True)
class ViewTable:
    """All views of one kind: R rows with F number fields, and text fields by row."""

    rows: tuple[ViewKey, ...]
    fields: tuple[str, ...]
    forms: tuple[Form, ...]
    """By number field."""
    numbers: F64
    """(R, F): a value that is not finite has no field."""
    texts: tuple[dict[str, str], ...]
    """By row."""


class ViewWriter:
    """Writes the views of one shard; keeps the last ones, to format only what changed.

    What is kept never changes the result, only the time that it takes.
    """

    def __init__(self) -> None:
        self._last: dict[ViewKind, tuple[ViewTable, list[dict[str, str]]]] = {}

    def views(self, figures: Figures) -> dict[ViewKey, dict[str, str]]:
        """All views with all fields. Unchanged texts are the objects of the last result."""
        tables = {ViewKind.team: team_table(figures), ViewKind.pool: pool_table(figures)}
        views: dict[ViewKey, dict[str, str]] = {}
        for kind, table in tables.items():
            written = _written(table, *self._last.get(kind, (table, None)))
            self._last[kind] = (table, written)
            views.update(zip(table.rows, written, strict=True))
        return views


def number_fields(figures: Figures) -> tuple[str, ...]:
    """Names of all number fields that views of a shard with these ratios may have."""
    return tuple(sorted({*team_table(figures).fields, *pool_table(figures).fields}))


def _written(
    table: ViewTable, before: ViewTable, written: list[dict[str, str]] | None
) -> list[dict[str, str]]:
    """All fields as text, by row; `written` are those of the last table, if any."""
    if written is None or table.rows != before.rows or table.fields != before.fields:
        views, old = [row.copy() for row in table.texts], np.full_like(table.numbers, np.nan)
    else:
        views, old = [row.copy() for row in written], before.numbers
        for view, texts, last in zip(views, table.texts, before.texts, strict=True):
            if texts != last:
                for field in last.keys() - texts.keys():
                    del view[field]
                view.update(texts)
    has = np.isfinite(table.numbers)
    _write_numbers(table, has & (old != table.numbers), views)
    for at, column in np.argwhere(np.isfinite(old) & ~has).tolist():
        del views[at][table.fields[column]]
    return views


def _write_numbers(table: ViewTable, chosen: Bool, views: Sequence[dict[str, str]]) -> None:
    for form in set(table.forms):
        columns = np.array([at for at, one in enumerate(table.forms) if one is form])
        own = chosen[:, columns]
        rows, at = np.nonzero(own)
        cells = columns[at]
        fields = map(table.fields.__getitem__, cells.tolist())
        written = zip(fields, texts_of(form, table.numbers[rows, cells]), strict=True)
        for view, count in zip(views, own.sum(axis=1).tolist(), strict=True):
            view.update(islice(written, count))


_DECIMALS: Final = {Form.count: 0, Form.seconds: 3, Form.ratio: 6}
_SCALED_MOST: Final = 2.0**41
"""Below it a product of floats is wrong by less than `_TOO_NEAR`."""
_TOO_NEAR: Final = 2.0**-10


def texts_of(form: Form, values: F64) -> list[str]:
    """Finite numbers as text, in bulk."""
    if form is Form.instant:
        of = {value: rfc3339(round(value * 1_000)) for value in set(values.tolist())}
        return [of[value] for value in values.tolist()]
    return fixed(values, _DECIMALS[form])


def fixed(values: F64, decimals: int) -> list[str]:
    """Finite numbers with so many decimals, as ``"%.*f"`` writes them, at a tenth of the time.

    A number is written as two integers, since JSON writes those at once: those before and behind
    the point, the latter with a 1 in front that keeps its zeros.
    """
    is_plain = (values <= _SCALED_MOST / 10.0**decimals) & ~np.signbit(values)
    scaled = np.where(is_plain, values, 0.0) * 10.0**decimals
    nearest = np.rint(scaled)
    # Near the middle between two texts the product cannot tell which of them is nearer.
    is_plain &= np.abs(np.abs(scaled - nearest) - 0.5) >= _TOO_NEAR
    whole = nearest.astype(np.int64)
    if decimals:
        unit = 10**decimals
        pairs = np.stack([whole // unit, whole % unit + unit], axis=1)
        joined = orjson.dumps(pairs, option=orjson.OPT_SERIALIZE_NUMPY).replace(b",1", b".")
        texts = joined[2:-2].decode().split("],[") if len(values) else []
    else:
        joined = orjson.dumps(whole, option=orjson.OPT_SERIALIZE_NUMPY)
        texts = joined[1:-1].decode().split(",") if len(values) else []
    for at in np.flatnonzero(~is_plain).tolist():
        texts[at] = f"{values[at]:.{decimals}f}"
    return texts


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
    return ViewTable(
        rows,
        tuple(field for part in parts for field in part.fields),
        tuple(part.form for part in parts for _ in part.fields),
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
