"""Each kind of mistake that the windows invite, made on purpose, is found by the contract."""

import pytest

from tests.reference.mutants import Mutant, caught_after

HISTORIES_MOST = 100
"""Within so many histories each mistake must show."""

WINDOWS = "stream.windows."
CLOSING = WINDOWS + "closing."
MUTANTS = [
    Mutant(
        "the last millisecond of a minute is lost",
        WINDOWS + "panes",
        "np.minimum(whole.end_ms[at], (minute + 1) * MINUTE_MS)",
        "np.minimum(whole.end_ms[at], (minute + 1) * MINUTE_MS - 1)",
    ),
    Mutant(
        "a shift that starts now has not started",
        "stream.calendar.schedules",
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
        "np.lexsort((fresh, rows.reason, call, tie, rows.seq, key))",
        "np.lexsort((fresh, rows.reason, call, tie, key))",
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
        "self.timelines.replace(agents, end - base, merged.rows.take(ranges(base, end)))",
        """at = ranges(base, end)
        new = np.ones(len(at), np.bool_)
        same = merged.rows.seat[at[1:]] == merged.rows.seat[at[:-1]]
        new[1:] = ~(same & (merged.rows.state[at[1:]] == merged.rows.state[at[:-1]]))
        kept = np.bincount(merged.place[at[new]], minlength=len(agents))
        self.timelines.replace(agents, kept, merged.rows.take(at[new]))""",
    ),
    Mutant(
        "an event just at the grace is late",
        WINDOWS + "sources",
        "late = ts_ms < own - self.windows.grace_ms",
        "late = ts_ms <= own - self.windows.grace_ms",
    ),
    Mutant(
        "an event just at the seal is late",
        WINDOWS + "sources",
        "gone = old | (ts_ms < sealed_ms[floor])",
        "gone = old | (ts_ms <= sealed_ms[floor])",
    ),
    Mutant(
        "an hour is sealed without its grace",
        CLOSING + "seal_times",
        "int(sources.slowest_ms()[floor]) - self._grace_ms",
        "int(sources.slowest_ms()[floor])",
    ),
    Mutant(
        "an hour waits for its slowest source for ever",
        CLOSING + "seal_times",
        "(left == 0) | (ahead_ms >= self._seal_ms)",
        "left == 0",
    ),
    Mutant(
        "an hour that is sealed lacks what is open",
        CLOSING + "sealing",
        "np.maximum(0, parts.end_ms - np.maximum(parts.start_ms, start_ms))",
        "np.zeros(len(parts), np.int64)",
    ),
    Mutant(
        "what a silent source left open is believed to the end of the hour",
        CLOSING + "sealing",
        "agents.limit_ms[at], seal.gaps)",
        "agents.limit_ms[at], Gaps.none())",
    ),
    Mutant(
        "time beyond the edge of an hour is lost",
        CLOSING + "unsealed_hours",
        "(beyond_ms * what.sign[both])",
        "(0 * what.sign[both])",
    ),
    Mutant(
        "a repeat begins a spell",
        WINDOWS + "spells",
        "| (rows.state[before] != rows.state[after])",
        "| (rows.state[before] == rows.state[before])",
    ),
    Mutant(
        "a row that lasts no time begins a spell",
        WINDOWS + "spells",
        "np.flatnonzero(tail.next_ms > rows.ts_ms)",
        "np.flatnonzero(tail.next_ms >= rows.ts_ms)",
    ),
    Mutant(
        "a snapshot of a gateway begins a spell",
        WINDOWS + "spells",
        "begins = ~rows.sync[at]",
        "begins = rows.sync[at] | ~rows.sync[at]",
    ),
    Mutant(
        "a spell goes on after it had passed its limit",
        WINDOWS + "spells",
        "| (rows.limit_ms[before] < rows.ts_ms[after])",
        "| (rows.limit_ms[before] < 0)",
    ),
    Mutant(
        "the row before a change is not looked at",
        WINDOWS + "timeline",
        "(at > least) & (ts_ms[at] == ts_ms[self.first_new])",
        "(at > least) & (ts_ms[at] < 0)",
    ),
    Mutant(
        "limits of silence are ignored",
        WINDOWS + "engine",
        "np.minimum(start_ms + sources.limit_ms[source, state], NEVER_MS)",
        "np.full_like(start_ms, NEVER_MS)",
    ),
    Mutant(
        "rows are let go of before their grace is over",
        WINDOWS + "source_gaps",
        "    return settled\n",
        "    return settled + sources.windows.grace_ms\n",
    ),
    Mutant(
        "a gap begins where the source counts as silent",
        WINDOWS + "gaps",
        "np.concatenate([start_ms[counts], open_ms])",
        "np.concatenate([end_ms[counts], open_ms])",
    ),
    Mutant(
        "what rows have in gaps is not corrected when another gap is known",
        WINDOWS + "rendering",
        "if not changed:",
        "if True:",
    ),
    Mutant(
        "time before the first heartbeat is a gap",
        WINDOWS + "gaps",
        "counts = start_ms >= self.first_heartbeat_ms[source]",
        "counts = start_ms >= 0",
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
