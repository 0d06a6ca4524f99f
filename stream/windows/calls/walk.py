"""A call as a walk over its facts, in plain Python: the rules of decision 0033, section 2.

`plain_calls` computes the same for the call of one entry and one leg, many at once.
"""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple

from stream.events.language import Phase
from stream.units import NEVER_MS
from stream.windows.calls.contribution import CountedAs, Row
from stream.windows.calls.index import NONE
from stream.windows.calls.stays import (
    IDENTITY,
    LEG_MS_MOST,
    PROMISE_MS_MOST,
    Fact,
    Leg,
    Promise,
    QueueEntry,
)


class Odd(StrEnum):
    """What is odd about a fact; the values are labels of a metric."""

    repeat = "repeat"
    nothing_to_close = "nothing_to_close"
    no_beginning = "no_beginning"
    two_answers = "two_answers"


class WalkLimits(NamedTuple):
    """How long what is open is believed."""

    wait_ms: int
    horizon_ms: int


class Past(NamedTuple):
    """What is remembered of a call that was let go: all of it was known."""

    was_offered: bool
    pool: int
    """NONE: a version before did not keep it."""
    last_ms: int
    legs: tuple[tuple[bytes, int], ...]
    """Agent (empty: nobody was named) and seat."""


_OF_POOL: Final = frozenset(
    {Phase.offered, Phase.abandoned, Phase.callback_requested, Phase.callback_done}
)
"""Phases of which the pool, not the agent, makes two facts one."""
_CLOSED: Final = Fact(0, 0, b"", b"", NONE, NONE, NONE, NONE, b"", b"", 0, 0, NONE, NONE, NONE, 0)
"""Stands for the `ended` and `wrapped` of a leg that is remembered."""


class Walk:
    """The state after all facts, which are given in any order; equal ones count once."""

    __slots__ = (
        "_counted",
        "_ended",
        "_limits",
        "_phases",
        "entries",
        "entry",
        "has_past",
        "last_ms",
        "legs",
        "odd",
        "pool",
        "present",
        "promise",
        "promises",
        "was_offered",
    )  # fmt: skip

    def __init__(self, limits: WalkLimits, facts: Iterable[Fact], past: Past | None = None) -> None:
        self._limits = limits
        self.entries = list[QueueEntry]()
        self.legs = list[Leg]()
        self.promises = list[Promise]()
        self.odd = Counter[Odd]()
        self._ended = list[Row]()
        self.last_ms = NEVER_MS
        self._begin_anew()
        self._phases = (
            self._offered, self._answered, self._end_leg, self._wrapped, self._left, self._left,
            self._called_back,
        )  # fmt: skip
        if past is not None:
            self._remember(past)
        before: Fact | None = None
        for fact in sorted(facts):
            if before is None or fact[:IDENTITY] != before[:IDENTITY]:
                self._take(fact)
            before = fact

    def rows(self) -> list[Row]:
        """What the call counts for."""
        nothing = (NONE,) * 5
        offered = [Row(CountedAs.offered, one.start_ms, one.pool, *nothing) for one in self.entries]
        return [*offered, *self._ended, *(row for leg in self.legs for row in leg.rows())]

    @property
    def open_until_ms(self) -> int:
        """Until when anything may be open; -NEVER_MS: nothing is."""
        until = [leg.answered.ts_ms + LEG_MS_MOST for leg in self._open() if leg.answered]
        if self.entry is not None:
            until.append(self.entry.start_ms + self._limits.wait_ms)
        if self.promise is not None:
            until.append(self.promise.start_ms + PROMISE_MS_MOST)
        return max(until, default=-NEVER_MS)

    @property
    def is_complete(self) -> bool:
        """Whether later facts are repeats, or begin something of their own."""
        is_open = self.entry is not None or self.promise is not None
        return not is_open and all(leg.is_complete for leg in self.present)

    def _begin_anew(self) -> None:
        self.entry: QueueEntry | None = None
        self.promise: Promise | None = None
        self.present = list[Leg]()
        """The legs of the present call of this id."""
        self.was_offered = self.has_past = False
        self.pool = NONE
        """Of the last fact that counted."""
        self._counted = dict[tuple[int, int | bytes], int]()

    def _remember(self, past: Past) -> None:
        self.was_offered, self.has_past = past.was_offered, True
        self.pool, self.last_ms = past.pool, past.last_ms
        for agent, seat in past.legs:
            closed = _CLOSED._replace(seat=seat)
            self.present.append(Leg(agent, past.pool, None, closed, closed))

    def _take(self, fact: Fact) -> None:
        self._drop_old(fact.ts_ms)
        self.last_ms = fact.ts_ms
        pool = self._pool_of(fact)
        key = fact.phase, pool if fact.phase in _OF_POOL else fact.agent
        counted_ms = self._counted.get(key)
        if counted_ms is not None and fact.ts_ms - counted_ms <= fact.tolerance_ms:
            self.odd[Odd.repeat] += 1
        elif self._phases[fact.phase](fact, pool):
            self._counted[key] = fact.ts_ms
            self.has_past, self.pool = True, pool

    def _pool_of(self, fact: Fact) -> int:
        if fact.pool_name:
            return fact.pool
        if self.entry is not None:
            return self.entry.pool
        return fact.pool if self.pool == NONE else self.pool

    def _drop_old(self, ts_ms: int) -> None:
        """Drop what was open for too long; long after the last fact a new call begins."""
        if self.entry is not None and ts_ms > self.entry.start_ms + self._limits.wait_ms:
            self.entry = None
        if self.promise is not None and ts_ms > self.promise.start_ms + PROMISE_MS_MOST:
            self.promise = None
        lost = [
            leg for leg in self._open() if leg.answered and ts_ms > leg.answered.ts_ms + LEG_MS_MOST
        ]
        for leg in lost:
            self.present.remove(leg)
        is_open = self.entry is not None or self.promise is not None or bool(self._open())
        if not is_open and ts_ms > self.last_ms + self._limits.horizon_ms:
            self._begin_anew()

    def _open(self) -> list[Leg]:
        return [leg for leg in self.present if leg.end_ms == NEVER_MS]

    def _close_legs(self, ts_ms: int) -> None:
        for leg in self._open():
            leg.closed_ms = ts_ms

    def _close_entry(self, ts_ms: int) -> QueueEntry | None:
        entry, self.entry = self.entry, None
        if entry is not None:
            entry.end_ms = ts_ms
        return entry

    def _pass_over(self, why: Odd) -> bool:
        self.odd[why] += 1
        return False

    def _leave(self, fact: Fact, pool: int, entry: QueueEntry | None) -> None:
        """Count how a stay in a queue ended."""
        wait_ms = fact.wait_ms
        if wait_ms == NONE and entry is not None:
            wait_ms = fact.ts_ms - entry.start_ms
        self._ended.append(Row(fact.phase, fact.ts_ms, pool, NONE, wait_ms, NONE, NONE, NONE))

    def _begin(self, leg: Leg) -> None:
        self.legs.append(leg)
        self.present.append(leg)

    # -- one method a phase, in the order of `Phase`; each returns whether the fact counts

    def _offered(self, fact: Fact, pool: int) -> bool:
        if self.entry is not None and self.entry.pool == pool:
            return self._pass_over(Odd.repeat)
        self._close_legs(fact.ts_ms)
        self._close_entry(fact.ts_ms)
        self.entry = QueueEntry(pool, fact.ts_ms, fact.source)
        self.entries.append(self.entry)
        self.was_offered = True
        return True

    def _answered(self, fact: Fact, pool: int) -> bool:
        still = self._open()
        if any(leg.agent == fact.agent for leg in still):
            return self._pass_over(Odd.repeat)
        if any(leg.answered and leg.answered.ts_ms == fact.ts_ms for leg in still):
            self.odd[Odd.two_answers] += 1
        self._close_legs(fact.ts_ms)
        entry = self._close_entry(fact.ts_ms)
        if entry is not None or not self.was_offered:
            self._leave(fact, pool, entry)
        self._begin(Leg(fact.agent, pool, answered=fact))
        return True

    def _end_leg(self, fact: Fact, pool: int) -> bool:
        leg = self._latest_of(fact.agent)
        if leg is not None:
            if leg.ended is not None:
                return self._pass_over(Odd.repeat)
            leg.ended, leg.agent = fact, leg.agent or fact.agent
            return True
        hung_up = self.entry is not None and self.entry.start_ms < fact.ts_ms
        if hung_up:
            self._close_entry(fact.ts_ms)
        if fact.agent and (hung_up or not self.has_past):
            self.odd[Odd.no_beginning] += 1
            self._begin(Leg(fact.agent, pool, ended=fact))
            return True
        return hung_up or self._pass_over(Odd.nothing_to_close)

    def _latest_of(self, agent: bytes) -> Leg | None:
        """The latest leg of an agent, else of nobody; without an agent the latest of all."""
        legs = self.present
        own = [leg for leg in legs if leg.agent == agent] if agent else legs
        found = own or [leg for leg in legs if not leg.agent]
        return found[-1] if found else None

    def _wrapped(self, fact: Fact, _: int) -> bool:
        if fact.agent:
            leg = self._latest_of(fact.agent)
        else:
            over = [one for one in self.present if one.end_ms < NEVER_MS]
            leg = max(over, key=lambda one: (one.end_ms, one.agent), default=None)
        if leg is None:
            return self._pass_over(Odd.nothing_to_close)
        if leg.wrapped is not None:
            return self._pass_over(Odd.repeat)
        leg.wrapped = fact
        return True

    def _left(self, fact: Fact, pool: int) -> bool:
        """The caller is gone from the queue: abandoned, or promised a call-back."""
        asked = fact.phase == Phase.callback_requested
        if asked and self.promise is not None:
            return self._pass_over(Odd.repeat)
        if self.entry is None and self.has_past:
            return self._pass_over(Odd.nothing_to_close)
        entry = self._close_entry(fact.ts_ms)
        at = pool if entry is None else entry.pool
        self._leave(fact, at, entry)
        if asked:
            self.promise = Promise(at, fact.ts_ms)
            self.promises.append(self.promise)
        return True

    def _called_back(self, fact: Fact, _: int) -> bool:
        if self.promise is None:
            return self._pass_over(Odd.nothing_to_close)
        promise, self.promise = self.promise, None
        promise.done_ms = fact.ts_ms
        self._leave(fact, promise.pool, None)
        return True
