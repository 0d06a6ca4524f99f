"""What calls count for: a pure function of what is known of them."""

from dataclasses import dataclass

import numpy as np

from stream.events.language import I64, Bool, Phase
from stream.units import NEVER_MS
from stream.windows.calls import Calls
from stream.windows.facts import NONE, Facts


@dataclass(frozen=True, slots=True)
class Contribution:
    """What some calls count for, in columns: legs answered, legs ended, calls offered, ..."""

    kind: I64
    """Phase by number: offered, answered, ended or abandoned."""
    ts_ms: I64
    pool: I64
    seat: I64
    wait_ms: I64
    talk_ms: I64
    hold_ms: I64
    acw_ms: I64

    def take(self, at: I64 | Bool) -> "Contribution":
        """Those at the given places."""
        return Contribution(*(getattr(self, name)[at] for name in self.__slots__))

    def __len__(self) -> int:
        return len(self.kind)


def joined(first: Contribution, second: Contribution) -> Contribution:
    """Both, one after the other."""
    names = Contribution.__slots__
    columns = ((getattr(first, name), getattr(second, name)) for name in names)
    return Contribution(*map(np.concatenate, columns))


def contribution(book: Calls, calls: I64) -> Contribution:
    """What the calls count for as far as they are known now."""
    legs = book.legs.of(calls)
    parts = [
        _of_calls(book, calls, Phase.offered),
        _of_calls(book, calls, Phase.abandoned),
        _of_answers(book, legs),
        _of_ends(book, legs),
    ]
    return Contribution(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _of_calls(book: Calls, calls: I64, phase: Phase) -> tuple[I64, ...]:
    facts = book.facts[phase]
    at = calls[facts.ts_ms[calls] < NEVER_MS]
    none = np.full(len(at), NONE, np.int64)
    return (
        np.full(len(at), int(phase)),
        facts.ts_ms[at],
        facts.pool[at],
        none,
        _wait_ms(book, facts, at, at),
        none,
        none,
        none,
    )


def _wait_ms(book: Calls, facts: Facts, at: I64, call: I64) -> I64:
    """The wait that was told, else since the call was offered, else NONE."""
    offered = book.facts[Phase.offered].ts_ms[call]
    since = facts.ts_ms[at] - offered
    own = np.where((offered < NEVER_MS) & (since >= 0), since, NONE)
    return np.where(facts.wait_ms[at] >= 0, facts.wait_ms[at], own)


def _of_answers(book: Calls, legs: I64) -> tuple[I64, ...]:
    facts = book.facts[Phase.answered]
    at = legs[facts.ts_ms[legs] < NEVER_MS]
    none = np.full(len(at), NONE, np.int64)
    wait = _wait_ms(book, facts, at, book.legs.call[at])
    return (
        np.full(len(at), int(Phase.answered)),
        facts.ts_ms[at],
        facts.pool[at],
        facts.seat[at],
        wait,
        none,
        none,
        none,
    )


def _of_ends(book: Calls, legs: I64) -> tuple[I64, ...]:
    facts, answered = book.facts[Phase.ended], book.facts[Phase.answered]
    at = legs[facts.ts_ms[legs] < NEVER_MS]
    since = facts.ts_ms[at] - answered.ts_ms[at]
    own = np.where((answered.ts_ms[at] < NEVER_MS) & (since >= 0), since, NONE)
    talk = np.where(facts.talk_ms[at] >= 0, facts.talk_ms[at], own)
    none = np.full(len(at), NONE, np.int64)
    return (
        np.full(len(at), int(Phase.ended)),
        facts.ts_ms[at],
        facts.pool[at],
        facts.seat[at],
        none,
        talk,
        facts.hold_ms[at],
        _acw_ms(book, at),
    )


def _acw_ms(book: Calls, legs: I64) -> I64:
    """The leg's own after-call work, else what was told of the call, if it ended last."""
    wrapped = book.facts[Phase.wrapped]
    own = np.where(wrapped.ts_ms[legs] < NEVER_MS, wrapped.acw_ms[legs], NONE)
    calls = book.legs.call[legs]
    leg = book.legs.nameless[calls]
    told = (leg != NONE) & (book.last_ended[calls] == legs) & (own == NONE)
    told &= wrapped.ts_ms[np.maximum(leg, 0)] < NEVER_MS
    return np.where(told, wrapped.acw_ms[np.maximum(leg, 0)], own)
