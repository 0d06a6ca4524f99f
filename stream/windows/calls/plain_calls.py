"""The call of one entry and one leg, many at once: what the walk (`walk`) says of most calls.

A call is *plain* if it has each of the phases offered, answered, ended, wrapped and abandoned at
most once, in this order, of one agent, and within the time for which things are open. Without some
of its facts a plain call is plain too.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from stream.arrays import Columns
from stream.events.language import I64, Bool, Phase
from stream.units import NEVER_MS
from stream.windows.calls.contribution import Contribution, Counted
from stream.windows.calls.facts import CallFacts
from stream.windows.calls.index import NONE
from stream.windows.calls.past_calls import NO_LEG
from stream.windows.calls.stays import LEG_MS_MOST
from stream.windows.calls.walk import Odd, WalkLimits

PHASES: Final = Phase.abandoned + 1
"""A plain call has only phases below this."""
_ALL_KINDS: Final = (Counted.offered, Counted.answered, Counted.started, Counted.handled)


@dataclass(frozen=True, slots=True)
class Standing(Columns):
    """How calls stand after all their facts; columns of length T."""

    entry_ms: I64
    """When the call entered its queue; NEVER_MS if it never did."""
    left_ms: I64
    """When it left the queue; NEVER_MS while it waits."""
    entry_pool: I64
    entry_source: I64
    open_until_ms: I64
    """Until when anything may be open; -NEVER_MS: nothing is."""
    complete: Bool
    """Whether later facts are repeats, or begin something of their own."""
    has_past: Bool
    was_offered: Bool
    pool: I64
    """Of the last fact that counted."""
    seat: I64
    """Of the leg's agent; NONE: nobody was named; NO_LEG."""


class PlainCalls:
    """Plain calls as far as some of their facts say, in columns of length T."""

    def __init__(self, facts: CallFacts, at: I64, tolerance_ms: I64) -> None:
        """Read facts.

        Args:
            facts: All facts of the shard.
            at: (PHASES, T) the row of each call's phase; NONE without.
            tolerance_ms: (sources + 1,) by source; the last one is of a source that is not known.
        """
        self._facts, self._at, self._tolerance_ms = facts, at, tolerance_ms
        self._has = at != NONE
        offered, answered, ended, wrapped, left = self._has
        named = np.where(self._has, facts.seat[at], NONE)
        self._seat = np.where(named[Phase.ended] != NONE, named[Phase.ended], named[Phase.answered])
        self._answered_seat = named[Phase.answered]
        ts_ms = self._ts_ms = np.where(self._has, facts.ts_ms[at], NEVER_MS)
        hung_up = offered & ~answered & ended & (ts_ms[Phase.ended] > ts_ms[Phase.offered])
        self._no_beginning = ended & ~answered & (hung_up | ~offered)
        self._no_beginning &= named[Phase.ended] != NONE
        self._has_leg = answered | self._no_beginning
        self._leg_ended = ended & self._has_leg
        self._ended_counts = self._leg_ended | hung_up
        told = named[Phase.wrapped] != NONE
        self._wrapped_counts = wrapped & self._has_leg & (told | self._leg_ended)
        self._left_queue = answered | left | hung_up
        self._pools()

    def _pools(self) -> None:
        """The pools of entry and leg, and of the last fact that counts."""
        offered, answered, _, _, left = self._has
        pool = np.where(self._has, self._facts.pool[self._at], NONE).astype(np.int64)
        told = self._has & self._facts.pool_told[self._at]
        self._entry_pool = pool[Phase.offered]

        def after(before: I64, phase: Phase, counts: Bool) -> I64:
            own = told[phase] | (before == NONE)
            return np.where(counts & own, pool[phase], before)

        self._leg_pool = after(self._entry_pool, Phase.answered, answered)
        self._gone_pool = np.where(offered, self._entry_pool, pool[Phase.abandoned])
        last = after(self._leg_pool, Phase.ended, self._ended_counts)
        self._leg_pool = np.where(self._no_beginning, last, self._leg_pool)
        last = after(last, Phase.wrapped, self._wrapped_counts)
        self._last_pool = after(last, Phase.abandoned, left)

    def contribution(self) -> Contribution:
        """What the calls count for: 4 rows each, all of one kind after the other."""
        ts_ms, none = self._ts_ms, np.full(self._at.shape[1], NONE)
        answered, left = self._has[Phase.answered], self._has[Phase.abandoned]
        gone_ms = np.where(left, ts_ms[Phase.abandoned], ts_ms[Phase.answered])
        gone = np.where(left, int(Counted.abandoned), int(Counted.answered))
        ended_ms = np.where(self._leg_ended, ts_ms[Phase.ended], NEVER_MS)
        talk_ms, hold_ms = self._talk_and_hold_ms()
        acw_ms = self._told(Phase.wrapped, "acw_ms", self._wrapped_counts)
        columns = (
            (np.repeat(_ALL_KINDS, len(none)),),
            (ts_ms[Phase.offered], gone_ms, ts_ms[Phase.answered], ended_ms),
            (self._entry_pool, np.where(answered, self._leg_pool, self._gone_pool),
             self._leg_pool, self._leg_pool),
            (none, none, self._answered_seat, self._seat),
            (none, self._wait_ms(gone_ms), none, none),
            (none, none, none, talk_ms),
            (none, none, none, hold_ms),
            (none, none, none, acw_ms),
        )  # fmt: skip
        kind, *others = (np.concatenate(column) for column in columns)
        kind[len(none) : 2 * len(none)] = gone
        return Contribution(kind, *others)

    def _told(self, phase: Phase, name: str, counts: Bool) -> I64:
        column: I64 = getattr(self._facts, name)
        return np.where(counts, column[self._at[phase]], NONE)

    def _wait_ms(self, gone_ms: I64) -> I64:
        """The reported wait, else the time since the call was offered, else NONE."""
        answered, left = self._has[Phase.answered], self._has[Phase.abandoned]
        told = np.where(
            left,
            self._told(Phase.abandoned, "wait_ms", left),
            self._told(Phase.answered, "wait_ms", answered),
        )
        own = np.where(self._has[Phase.offered], gone_ms - self._ts_ms[Phase.offered], NONE)
        return np.where((told != NONE) | ~(answered | left), told, own)

    def _talk_and_hold_ms(self) -> tuple[I64, I64]:
        """No two durations overlap: told talk that is too long had the hold in it."""
        begun = self._leg_ended & self._has[Phase.answered]
        whole_ms = np.where(begun, self._ts_ms[Phase.ended] - self._ts_ms[Phase.answered], 0)
        hold_ms = np.maximum(self._told(Phase.ended, "hold_ms", self._leg_ended), 0)
        talk_ms = self._told(Phase.ended, "talk_ms", self._leg_ended)
        within_ms = whole_ms + self._tolerance_ms[self._facts.source[self._at[Phase.ended]]]
        own = begun & ((talk_ms == NONE) | (talk_ms + hold_ms > within_ms))
        return np.where(own, np.maximum(whole_ms - hold_ms, 0), talk_ms), hold_ms

    def standing(self, limits: WalkLimits) -> Standing:
        """How the calls stand."""
        offered, answered, *_ = self._has
        ts_ms = self._ts_ms
        waits = offered & ~self._left_queue
        talks = answered & ~self._leg_ended
        left_ms = ts_ms[[Phase.answered, Phase.ended, Phase.abandoned]].min(axis=0)
        open_ms = np.where(waits, ts_ms[Phase.offered] + limits.wait_ms, -NEVER_MS)
        open_ms = np.where(talks, ts_ms[Phase.answered] + LEG_MS_MOST, open_ms)
        leg_complete = ~self._has_leg | (self._leg_ended & self._wrapped_counts)
        return Standing(
            ts_ms[Phase.offered],
            np.where(self._left_queue, left_ms, NEVER_MS),
            self._entry_pool,
            self._facts.source[self._at[Phase.offered]].astype(np.int64),
            open_ms,
            ~waits & ~talks & leg_complete,
            offered | self._has_leg | self._left_queue,
            offered,
            self._last_pool,
            np.where(self._has_leg, self._seat, NO_LEG),
        )

    def odd(self) -> dict[Odd, int]:
        """How many facts are odd in each way that a plain call can be."""
        passed = self._has[Phase.ended] & ~self._ended_counts
        unwrapped = self._has[Phase.wrapped] & ~self._wrapped_counts
        return {
            Odd.no_beginning: int(np.count_nonzero(self._no_beginning)),
            Odd.nothing_to_close: int(np.count_nonzero(passed) + np.count_nonzero(unwrapped)),
        }


def are_plain(facts: CallFacts, at: I64, agent_of_seat: I64, limits: WalkLimits) -> Bool:
    """(T,): whether calls with these facts at most once each are plain.

    Args:
        facts: All facts of the shard.
        at: (PHASES, T) the row of each call's phase; NONE without.
        agent_of_seat: (seats + 1,) the agent of each seat; the last one is NONE.
        limits: How long what is open is believed.
    """
    has = at != NONE
    ts_ms = np.where(has, facts.ts_ms[at], -NEVER_MS)
    latest = np.maximum.accumulate(ts_ms, axis=0)
    plain: Bool = ((ts_ms == latest) | ~has).all(axis=0)
    agent = np.where(has, agent_of_seat[facts.seat[at]], NONE)
    who = agent.max(axis=0)
    plain &= ((agent == who) | (agent == NONE)).all(axis=0)
    plain &= ~has[Phase.abandoned] | ~has[Phase.answered : Phase.abandoned].any(axis=0)
    first_ms = np.where(has, facts.ts_ms[at], NEVER_MS).min(axis=0)
    most_ms = min(limits.wait_ms, limits.horizon_ms, LEG_MS_MOST)
    plain &= latest[-1] - first_ms <= most_ms
    return plain
