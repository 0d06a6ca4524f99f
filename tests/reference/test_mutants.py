"""Mistakes that only a restart, or the rules of time, can show are found by the reference."""

import pytest

from tests.reference.mutants import Mutant, caught_after, mutated

HISTORIES_MOST = 100
"""Within so many histories each mistake must show."""
RESTARTS = "tests.reference.restarts"
RETIRED = "tests.reference.retired"


def test_a_limit_that_is_computed_anew_when_a_row_is_taken_away_leaves_a_residue() -> None:
    mutant = Mutant(
        "the limit as rendered is forgotten",
        "stream.windows.engine",
        "pieces(intervals, source, rows.limit_ms, self.rendered)",
        """pieces(
            intervals,
            source,
            self.limit_of(source, rows.state, intervals.seat, rows.ts_ms),
            self.rendered,
        )""",
    )
    with mutated(mutant, RESTARTS) as checks, pytest.raises(AssertionError, match="seat"):
        checks.check_restarts(40)


def test_a_retired_source_that_holds_its_floor_up_is_noticed() -> None:
    mutant = Mutant(
        "a retired source holds its floor up",
        "stream.windows.sources",
        "return self.known[: len(floor)] & (behind_ms <= DAY_MS)",
        "return self.known[: len(floor)]",
    )
    with mutated(mutant, RETIRED) as checks, pytest.raises(AssertionError):
        checks.check_retired_sources(40)


MISTAKES = [
    Mutant(
        "a day ends with the first shift end, however soon",
        "stream.calendar.team_calendars",
        "end_ms = self._end_after(calendar, hour_ms)",
        "end_ms = self._end_after(calendar, start_ms)",
    ),
    Mutant(
        "an event beyond the horizon is taken",
        "stream.windows.sources",
        "old = ts_ms < greatest - self.windows.horizon_ms",
        "old = ts_ms < greatest - 2 * self.windows.horizon_ms",
    ),
    Mutant(
        "a call that rings at an agent who names no call waits",
        "stream.windows.queues",
        "taken = np.minimum(phones, queued)",
        "taken = np.zeros_like(queued)",
    ),
    Mutant(
        "a call that rings at an agent who names it waits",
        "stream.windows.phones",
        "real = start < end",
        "real = start > end",
    ),
    Mutant(
        "phones that ring all at once take a call each",
        "stream.windows.queues",
        "takes = (phones.call == NO_CALL) & ~engine.ring_all[phones.pool]",
        "takes = phones.call == NO_CALL",
    ),
    Mutant(
        "a call waits again after its source was silent",
        "stream.windows.known_waits",
        "end_ms = np.where(open_ended, _ends(waits, over, silences), end_ms)",
        "end_ms = np.where(open_ended, end_ms, end_ms)",
    ),
    Mutant(
        "a gauge holds for ever",
        "stream.windows.queue_gauges",
        "return one.ts_ms + (",
        "return NEVER_MS + (",
    ),
    Mutant(
        "a leg that another fact closes does not end",
        "stream.windows.calls.stays",
        "return self.closed_ms if self.ended is None else self.ended.ts_ms",
        "return NEVER_MS if self.ended is None else self.ended.ts_ms",
    ),
    Mutant(
        "a leg ends where it was closed, whenever its end is told",
        "stream.windows.calls.stays",
        "return self.closed_ms if self.ended is None else self.ended.ts_ms",
        "return min(self.closed_ms, NEVER_MS if self.ended is None else self.ended.ts_ms)",
    ),
]


@pytest.mark.parametrize("mutant", MISTAKES, ids=lambda mutant: mutant.name)
def test_a_mistake_about_time_calls_or_queues_is_noticed(mutant: Mutant) -> None:
    assert caught_after(mutant, HISTORIES_MOST) is not None
