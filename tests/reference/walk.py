"""A call as a walk over its facts: queue entries, legs and promises, one after the other."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from stream.events.language import Phase
from tests.reference.facts import Fact
from tests.reference.rules import Rules
from tests.reference.stays import (
    LEG_MOST,
    PROMISE_MOST,
    Ending,
    Entry,
    Leg,
    Promise,
    tolerance,
)

OF_POOL: Final = (
    Phase.offered,
    Phase.abandoned,
    Phase.callback_requested,
    Phase.callback_done,
)
"""Phases of which the pool, not the agent, makes two facts one."""


class Walk:
    """One call, or several of one id, from the first fact to the last."""

    def __init__(self, rules: Rules, facts: Iterable[Fact]) -> None:
        self.entries: list[Entry] = []
        self.legs: list[Leg] = []
        self.promises: list[Promise] = []
        self.endings: list[Ending] = []
        """What counts as answered, abandoned, or a call-back asked for or done, for its pool."""
        self.odd: Counter[str] = Counter()
        self._rules = rules
        self._last: int | None = None
        self._begin_anew()
        for fact in sorted(facts):
            self._take(fact)

    def _begin_anew(self) -> None:
        self._entry: Entry | None = None
        self._promise: Promise | None = None
        self._legs: list[Leg] = []
        self._was_offered = self._has_past = False
        self._pool = ""
        self._counted: dict[tuple[Phase, str | bytes], int] = {}

    def _take(self, fact: Fact) -> None:
        self._drop_old(fact.ts)
        self._last = fact.ts
        pool = self._pool_of(fact)
        key = fact.phase, pool if fact.phase in OF_POOL else fact.agent
        if key in self._counted and fact.ts - self._counted[key] <= tolerance(self._rules, fact):
            self.odd["repeat"] += 1
            return
        counts = {
            Phase.offered: self._offered,
            Phase.answered: self._answered,
            Phase.ended: self._ended,
            Phase.wrapped: self._wrapped,
            Phase.abandoned: self._left,
            Phase.callback_requested: self._left,
            Phase.callback_done: self._done,
        }[fact.phase](fact, pool)
        if counts:
            self._counted[key] = fact.ts
            self._has_past, self._pool = True, pool

    def _pool_of(self, fact: Fact) -> str:
        if fact.pool:
            return fact.pool.decode()
        if self._entry is not None:
            return self._entry.pool
        if self._pool:
            return self._pool
        return self._rules.pool_of(fact.team.decode()) if fact.team else "main"

    def _drop_old(self, ts: int) -> None:
        """Drop what was open for too long; what nothing was told of for long begins anew."""
        if self._entry is not None and ts > self._entry.start + self._rules.wait_ms:
            self._entry = None
        if self._promise is not None and ts > self._promise.start + PROMISE_MOST:
            self._promise = None
        self._legs = [
            leg
            for leg in self._legs
            if leg.end is not None or leg.begin is None or ts <= leg.begin + LEG_MOST
        ]
        is_open = self._entry is not None or self._promise is not None or bool(self._open())
        far = self._last is not None and ts > self._last + self._rules.spec.windows.horizon_ms
        if far and not is_open:
            self._begin_anew()

    def _open(self) -> list[Leg]:
        return [leg for leg in self._legs if leg.end is None]

    def _close(self, legs: list[Leg], ts: int) -> None:
        for leg in legs:
            leg.closed = ts

    def _end_entry(self, ts: int) -> Entry | None:
        entry, self._entry = self._entry, None
        if entry is not None:
            entry.end = ts
        return entry

    def _passed(self, why: str) -> bool:
        self.odd[why] += 1
        return False

    # -- one method a phase; it returns whether the fact counts

    def _offered(self, fact: Fact, pool: str) -> bool:
        if self._entry is not None and self._entry.pool == pool:
            return self._passed("repeat")
        self._close(self._open(), fact.ts)
        self._end_entry(fact.ts)
        self._entry = Entry(pool, fact.source.decode(), fact.ts)
        self.entries.append(self._entry)
        self._was_offered = True
        return True

    def _answered(self, fact: Fact, pool: str) -> bool:
        if any(leg.agent == fact.agent for leg in self._open()):
            return self._passed("repeat")
        if any(leg.begin == fact.ts for leg in self._open()):
            self.odd["two_answers"] += 1
        self._close(self._open(), fact.ts)
        entry = self._end_entry(fact.ts)
        if entry is not None or not self._was_offered:
            self._end(fact, pool, entry)
        self._begin(Leg(fact.agent, pool, answered=fact))
        return True

    def _begin(self, leg: Leg) -> None:
        self.legs.append(leg)
        self._legs.append(leg)

    def _end(self, fact: Fact, pool: str, entry: Entry | None) -> None:
        """A call leaves its queue."""
        waited = None if entry is None else fact.ts - entry.start
        told = fact.wait if fact.wait >= 0 else waited
        self.endings.append(Ending(fact.ts, fact.phase, pool, told))

    def _leg_of(self, agent: bytes) -> Leg | None:
        """The latest leg of an agent, else of nobody; nobody's is the latest of all."""
        own = [leg for leg in self._legs if agent in (b"", leg.agent)]
        nameless = [leg for leg in self._legs if not leg.agent]
        found = own or nameless
        return found[-1] if found else None

    def _ended(self, fact: Fact, pool: str) -> bool:
        leg = self._leg_of(fact.agent)
        if leg is not None:
            if leg.ended is not None:
                return self._passed("repeat")
            leg.ended, leg.agent = fact, leg.agent or fact.agent
            return True
        hung_up = self._entry is not None and self._entry.start < fact.ts
        if hung_up:
            self._end_entry(fact.ts)
        if fact.agent and (hung_up or not self._has_past):
            self.odd["no_beginning"] += 1
            self._begin(Leg(fact.agent, pool, ended=fact))
            return True
        return hung_up or self._passed("nothing_to_close")

    def _wrapped(self, fact: Fact, _: str) -> bool:
        leg = self._leg_of(fact.agent) if fact.agent else None
        ended = [one for one in self._legs if one.end is not None]
        if not fact.agent and ended:
            leg = max(ended, key=lambda one: (one.end, one.agent))
        if leg is None:
            return self._passed("nothing_to_close")
        if leg.wrapped is not None:
            return self._passed("repeat")
        leg.wrapped = fact
        return True

    def _left(self, fact: Fact, pool: str) -> bool:
        """Abandoned, or promised a call-back."""
        asked = fact.phase == Phase.callback_requested
        if asked and self._promise is not None:
            return self._passed("repeat")
        if self._entry is None and self._has_past:
            return self._passed("nothing_to_close")
        entry = self._end_entry(fact.ts)
        at = pool if entry is None else entry.pool
        self._end(fact, at, entry)
        if asked:
            self._promise = Promise(at, fact.ts)
            self.promises.append(self._promise)
        return True

    def _done(self, fact: Fact, _: str) -> bool:
        if self._promise is None:
            return self._passed("nothing_to_close")
        self._promise.done = fact.ts
        self.endings.append(Ending(fact.ts, fact.phase, self._promise.pool, None))
        self._promise = None
        return True
