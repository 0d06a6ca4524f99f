"""What is kept from one reading of the figures to the next, against figures read afresh."""

import numpy as np

from stream.events.language import I64
from stream.figures.model import Figures
from stream.render.views import format_views
from stream.shard import Shard
from stream.units import MINUTE_MS
from stream.windows.closed_sums import WINDOW_MINUTES, ClosedSums
from stream.windows.window_sums import window_starts
from tests.reference.engine import Engine, play
from tests.reference.histories import HISTORIES, drawn, history_of
from tests.reference.history import History
from tests.reference.minimal import tried

READS = 20
"""A history is read no more often."""


def shift_starts(shard: Shard) -> I64:
    starts_ms = window_starts(shard.engine, shard.as_of_ms)[:, -1]
    return np.take(starts_ms, shard.names.seat_team.data)


def slow_sums(shard: Shard) -> I64:
    """(seats, windows, states), window by window."""
    panes, minute = shard.engine.panes, shard.as_of_ms // MINUTE_MS
    seats = np.arange(len(shard.names.seats))
    windows = [panes.sum_minutes(seats, minute - n, minute) for n in WINDOW_MINUTES]
    return np.stack([*windows, panes.sum_shift(seats, shift_starts(shard))], axis=1)


def read_afresh(shard: Shard) -> Figures:
    """The figures of a shard that has kept nothing of earlier readings."""
    kept = shard.engine.closed
    shard.engine.closed = ClosedSums(shard.engine.panes)
    figures = shard.figures()
    shard.engine.closed = kept
    return figures


def compare(shard: Shard, as_of_ms: int) -> None:
    shard.step(as_of_ms)
    figures = shard.figures()
    kept = shard.engine.closed.read(shard.as_of_ms // MINUTE_MS, shift_starts(shard))
    assert kept.tolist() == slow_sums(shard).tolist()
    afresh = read_afresh(shard)
    for name in figures.teams.__slots__:
        found, wanted = getattr(figures.teams, name), getattr(afresh.teams, name)
        assert repr(found) == repr(wanted), name
    assert repr(figures.detectors) == repr(afresh.detectors)  # NaN is not equal to itself
    assert format_views(figures) == format_views(afresh)


def check_read_often(history: History) -> None:
    """Figures that are read after many records are those of windows read afresh."""
    random, count = history.random("restores"), len(history.records)
    reads = sorted({*random.sample(range(1, count + 1), min(count, READS)), count})
    single, engine = Engine(history.rules), Engine(history.rules)
    for stop in play(history, reads, single, engine):
        compare(engine.shard, history.now(stop, engine.shard.watermark_ms))
        if random.random() < 0.1:
            engine.restart(engine.rules)
    for look in history.looks:
        compare(engine.shard, look)


def test_figures_and_views_that_are_read_again_and_again_are_those_of_a_first_reading() -> None:
    for seed in drawn("reads", max(10, HISTORIES // 2)):
        tried(check_read_often, history_of(seed))
