"""What a call is made of: stays in queues, stays with agents, and promises to call back."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stream.arrays import Columns
from stream.events.call_hashes import U64
from stream.events.language import I64
from stream.units import DAY_MS, NEVER_MS, SECOND_MS
from stream.windows.calls.contribution import CountedAs, Row
from stream.windows.calls.index import NONE

LEG_MS_MOST = DAY_MS
"""A leg that is open for longer is dropped: its end was lost."""
PROMISE_MS_MOST = 7 * DAY_MS
"""A promise that is open for longer is dropped."""


class Fact(NamedTuple):
    """One fact of a call. The order of the fields up to `reason` is that of the walk."""

    ts_ms: int
    phase: int
    agent: bytes
    pool_name: bytes
    """Empty: the event names none."""
    wait_ms: int
    talk_ms: int
    hold_ms: int
    acw_ms: int
    team: bytes
    source_name: bytes
    by: int
    reason: int
    pool: int
    """As it is without any other fact, where the event names none."""
    seat: int
    source: int
    tolerance_ms: int


IDENTITY = Fact._fields.index("pool")
"""Facts that are equal in so many fields are one."""


def tolerance_ms(resolution_ms: I64) -> I64:
    """How far apart two facts may be that are one, by the resolution of their source's times."""
    return np.maximum(2 * SECOND_MS, 2 * resolution_ms)


@dataclass(slots=True)
class QueueEntry:
    """A stay in the queue of a pool."""

    pool: int
    start_ms: int
    source: int
    """Of its `offered`."""
    end_ms: int = NEVER_MS


@dataclass(slots=True)
class Promise:
    """A call-back that was promised."""

    pool: int
    start_ms: int
    done_ms: int = NEVER_MS


@dataclass(slots=True, eq=False)
class Leg:
    """A stay with an agent; empty: nobody was named."""

    agent: bytes
    pool: int
    answered: Fact | None = None
    ended: Fact | None = None
    wrapped: Fact | None = None
    closed_ms: int = NEVER_MS
    """When another fact closed it."""

    @property
    def end_ms(self) -> int:
        """When it ended; NEVER_MS: it is open."""
        return self.closed_ms if self.ended is None else self.ended.ts_ms

    @property
    def is_complete(self) -> bool:
        """Whether no later fact can belong to it."""
        return self.ended is not None and self.wrapped is not None

    @property
    def seat(self) -> int:
        """Of the agent for whom its end counts; NONE if nobody was named."""
        given = [fact.seat for fact in (self.ended, self.answered) if fact and fact.seat != NONE]
        return given[0] if given else NONE

    def rows(self) -> list[Row]:
        """What the leg counts for."""
        rows = list[Row]()
        if (answered := self.answered) is not None:
            begun = (CountedAs.started, answered.ts_ms, self.pool, answered.seat)
            rows.append(Row(*begun, NONE, NONE, NONE, NONE))
        if self.end_ms < NEVER_MS:
            ended = (CountedAs.handled, self.end_ms, self.pool, self.seat)
            acw_ms = NONE if self.wrapped is None else self.wrapped.acw_ms
            rows.append(Row(*ended, NONE, *self._talk_and_hold_ms(), acw_ms))
        return rows

    def _talk_and_hold_ms(self) -> tuple[int, int]:
        """No two durations overlap: given talk that is too long had the hold in it."""
        talk_ms, hold_ms = (self.ended.talk_ms, self.ended.hold_ms) if self.ended else (NONE, NONE)
        hold_ms = max(0, hold_ms)
        if self.answered is not None:
            whole_ms = self.end_ms - self.answered.ts_ms
            too_long = self.ended and talk_ms + hold_ms > whole_ms + self.ended.tolerance_ms
            if talk_ms == NONE or too_long:
                talk_ms = max(0, whole_ms - hold_ms)
        return talk_ms, hold_ms


@dataclass(frozen=True, slots=True)
class Waits(Columns):
    """Stays in queues; an open one ends where it is no longer believed."""

    pool: I64
    start_ms: I64
    end_ms: I64
    source: I64
    """Of the `offered`; NONE: not known."""
    call: U64
    """Hash of floor and call (`index.call_hashes`)."""


@dataclass(frozen=True, slots=True)
class Promises(Columns):
    """Call-backs that were promised; an open one ends after seven days."""

    pool: I64
    start_ms: I64
    end_ms: I64

    def count_open(self, at_ms: int, callback_ms: int, pools: int) -> tuple[I64, I64]:
        """(pools,) each: promises that are open at an instant, and of these the overdue ones."""
        age_ms = at_ms - self.start_ms
        is_open = (age_ms >= 0) & (at_ms < self.end_ms)
        late = is_open & (age_ms > callback_ms)
        return (
            np.bincount(self.pool[is_open], minlength=pools),
            np.bincount(self.pool[late], minlength=pools),
        )
