"""What is exported to Prometheus: a choice of windows, metrics and rows. Views have everything."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Final, TypeVar

from stream.figures.model import WINDOWS, Figures, PoolFigures, TeamFigures
from stream.render.series import Series

ROWS_MAX: Final = 2_000
Columns = TypeVar("Columns", TeamFigures, PoolFigures)
KINDS: Final = ("team", "pool", "source")
"""The kinds of rows that are capped: values of the label `kind`."""


@dataclass(frozen=True, slots=True)
class MetricSelection:
    """The windows, metrics and rows that a worker exports."""

    windows: frozenset[str] = frozenset(WINDOWS)
    without: frozenset[str] = frozenset()
    """Full names of metrics that are left out."""
    rows_max: int = ROWS_MAX
    """The most teams, the most pools, and the most feeds."""

    def select(self, series: Iterable[Series]) -> list[Series]:
        """The series of the chosen metrics, in the chosen windows."""
        kept = (one for one in series if one.metric.name not in self.without)
        return [self._in_windows(one) for one in kept]

    def _in_windows(self, series: Series) -> Series:
        labels = series.metric.labels
        if "window" not in labels or self.windows >= set(WINDOWS):
            return series
        at = labels.index("window") - (len(labels) - len(series.columns[0]))
        chosen = [n for n, column in enumerate(series.columns) if column[at] in self.windows]
        columns = tuple(series.columns[n] for n in chosen)
        return replace(series, columns=columns, values=series.values[:, chosen], fields=())


ALL: Final = MetricSelection()


def capped(shards: Iterable[Figures], rows_max: int) -> tuple[list[Figures], Counter[str]]:
    """The first rows of each kind, in the order of shards and names, and how many are left out.

    The detectors of a team or pool are left out with it.
    """
    room = dict.fromkeys(KINDS, rows_max)
    left_out = Counter(dict.fromkeys(KINDS, 0))
    kept = []
    for figures in shards:
        found = (figures.teams.keys, figures.pools.keys, figures.sources)
        rows = {k: min(room[k], len(some)) for k, some in zip(KINDS, found, strict=True)}
        beyond = {k: len(some) - rows[k] for k, some in zip(KINDS, found, strict=True)}
        room = {kind: room[kind] - rows[kind] for kind in KINDS}
        left_out.update(beyond)
        kept.append(_first(figures, **rows) if any(beyond.values()) else figures)
    return kept, left_out


def _first(figures: Figures, *, team: int, pool: int, source: int) -> Figures:
    teams, pools = figures.teams.keys[:team], figures.pools.keys[:pool]
    places = {*map(tuple, teams), *((*key, "") for key in pools)}
    return replace(
        figures,
        teams=_rows(figures.teams, team),
        pools=_rows(figures.pools, pool),
        detectors=tuple(
            view for view in figures.detectors if (view.floor, view.pool, view.team) in places
        ),
        sources=figures.sources[:source],
    )


def _rows(figures: Columns, count: int) -> Columns:
    return type(figures)(*(getattr(figures, field.name)[:count] for field in fields(figures)))
