"""Which figures Prometheus gets: windows, metrics and rows may be left out, views keep them all."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Final, TypeVar

from stream.figures.model import WINDOWS, Figures, PoolFigures, TeamFigures
from stream.render.series import Series

ROWS_MAX: Final = 2_000
Columns = TypeVar("Columns", TeamFigures, PoolFigures)
KINDS: Final = ("team", "pool", "source")
"""What is capped: values of the label `kind`."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What one worker exports."""

    windows: frozenset[str] = frozenset(WINDOWS)
    without: frozenset[str] = frozenset()
    """Whole names of metrics."""
    rows_max: int = ROWS_MAX
    """So many teams, so many pools, and so many feeds."""

    def of_blocks(self, blocks: Iterable[Series]) -> list[Series]:
        """What is left of some blocks."""
        kept = (block for block in blocks if block.metric.name not in self.without)
        return [self._in_windows(block) for block in kept]

    def _in_windows(self, block: Series) -> Series:
        labels = block.metric.labels
        if "window" not in labels or self.windows >= set(WINDOWS):
            return block
        at = labels.index("window") - (len(labels) - len(block.columns[0]))
        chosen = [n for n, column in enumerate(block.columns) if column[at] in self.windows]
        columns = tuple(block.columns[n] for n in chosen)
        return replace(block, columns=columns, values=block.values[:, chosen], fields=())


ALL: Final = Selection()


def capped(shards: Iterable[Figures], rows_max: int) -> tuple[list[Figures], Counter[str]]:
    """The first rows of each kind, in the order of shards and names; how many rows more there are.

    Detectors go with their team or pool.
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
