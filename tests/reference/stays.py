"""What a call is made of: stays in queues, stays with agents, and promises to call back."""

from dataclasses import dataclass

from stream.events.language import Phase
from tests.reference.facts import UNTOLD, Fact
from tests.reference.rules import DAY, SECOND, Rules


@dataclass
class Entry:
    """A stay in a queue."""

    pool: str
    source: str
    start: int
    end: int | None = None


@dataclass
class Leg:
    """A stay with an agent."""

    agent: bytes
    pool: str
    answered: Fact | None = None
    ended: Fact | None = None
    wrapped: Fact | None = None
    closed: int | None = None
    """When another fact ended it."""

    @property
    def end(self) -> int | None:
        return self.closed if self.ended is None else self.ended.ts

    @property
    def begin(self) -> int | None:
        return None if self.answered is None else self.answered.ts


@dataclass
class Promise:
    """A call-back that was promised."""

    pool: str
    start: int
    done: int | None = None


@dataclass(frozen=True)
class Ending:
    """A call that left its queue."""

    ts: int
    phase: Phase
    pool: str
    wait: int | None


PROMISE_MOST = 7 * DAY
LEG_MOST = DAY


def tolerance(rules: Rules, fact: Fact) -> int:
    """Facts that are no further apart may be one."""
    return max(2 * SECOND, 2 * rules.source(fact.source.decode()).resolution_ms)


def times(rules: Rules, leg: Leg) -> tuple[int | None, int, int]:
    """Talk, hold and after-call work of a leg that has ended; no two of them overlap."""
    end, begin, ended = leg.end, leg.begin, leg.ended
    assert end is not None
    whole = None if begin is None else end - begin
    hold = max(0, UNTOLD if ended is None else ended.hold)
    talk = None if ended is None or ended.talk < 0 else ended.talk
    if whole is not None and talk is None:
        talk = max(0, whole - hold)
    elif whole is not None and ended is not None and talk is not None:
        had_hold = talk + hold > whole + tolerance(rules, ended)
        talk = max(0, whole - hold) if had_hold else talk
    acw = max(0, UNTOLD if leg.wrapped is None else leg.wrapped.acw)
    return talk, hold, acw
