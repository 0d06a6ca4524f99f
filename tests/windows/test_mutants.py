"""Each kind of mistake that the windows invite, made on purpose, is found by the contract."""

import pytest

from tests.reference.mutants import Mutant, caught_after

HISTORIES_MOST = 100
"""Within so many histories each mistake must show."""

WINDOWS = "stream.windows."
MUTANTS = [
    Mutant(
        "the last millisecond of a minute is lost",
        WINDOWS + "panes",
        "np.minimum(whole.end_ms[at], (minute + 1) * MINUTE_MS)",
        "np.minimum(whole.end_ms[at], (minute + 1) * MINUTE_MS - 1)",
    ),
    Mutant(
        "a shift that starts now has not started",
        WINDOWS + "calendar",
        'place = np.searchsorted(self._starts, t_ms, side="right") - 1',
        'place = np.searchsorted(self._starts, t_ms, side="left") - 1',
    ),
    Mutant(
        "what the old rows had rendered is not taken away",
        WINDOWS + "engine",
        "np.repeat(np.array([1, -1])",
        "np.repeat(np.array([1, 0])",
    ),
    Mutant(
        "equal times are ordered by numbers of teams instead of names",
        WINDOWS + "timeline",
        "tie * (int(order.team_of_seat.max(initial=0)) + 1) + order.team_of_seat[rows.seat]",
        "tie * (int(rows.seat.max(initial=0)) + 1) + rows.seat",
    ),
    Mutant(
        "equal times are ordered without the source's own order",
        WINDOWS + "timeline",
        "np.lexsort((fresh, tie, rows.seq, key))",
        "np.lexsort((fresh, tie, key))",
    ),
    Mutant(
        "the earlier of two rows at one time wins",
        WINDOWS + "timeline",
        "tie = rows.state.astype(np.int64)",
        "tie = -rows.state.astype(np.int64)",
    ),
    Mutant(
        "a repeat is dropped, and with it what comes between later",
        WINDOWS + "engine",
        "self.timelines.put(agents, end - base, merged.rows.take(ranges(base, end)))",
        """at = ranges(base, end)
        new = np.ones(len(at), np.bool_)
        same = merged.rows.seat[at[1:]] == merged.rows.seat[at[:-1]]
        new[1:] = ~(same & (merged.rows.state[at[1:]] == merged.rows.state[at[:-1]]))
        kept = np.bincount(merged.place[at[new]], minlength=len(agents))
        self.timelines.put(agents, kept, merged.rows.take(at[new]))""",
    ),
    Mutant(
        "an event just at the grace is late",
        WINDOWS + "sources",
        "late = ts_ms < own - self._windows.grace_ms",
        "late = ts_ms <= own - self._windows.grace_ms",
    ),
    Mutant(
        "an event just beyond the horizon is taken",
        WINDOWS + "sources",
        "old = ts_ms < greatest - self._windows.horizon_ms",
        "old = ts_ms < greatest - self._windows.horizon_ms - 1",
    ),
    Mutant(
        "limits of silence are ignored",
        WINDOWS + "sources",
        "return np.minimum(limit, end)",
        "return np.full_like(limit, NEVER_MS)",
    ),
    Mutant(
        "rows are let go of before their grace is over",
        WINDOWS + "sources",
        "self.slowest_ms() - self._windows.grace_ms",
        "self.slowest_ms()",
    ),
    Mutant(
        "a source is silent one millisecond early",
        WINDOWS + "sources",
        "3 * spec.heartbeat_ms + 1",
        "3 * spec.heartbeat_ms",
    ),
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_contract_catches_the_mistake(mutant: Mutant) -> None:
    assert caught_after(mutant, HISTORIES_MOST) is not None
