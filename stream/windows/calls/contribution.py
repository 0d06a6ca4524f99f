"""What calls count for: a pure function of what is known of them."""

from dataclasses import dataclass

import numpy as np

from stream.arrays import Columns
from stream.events.language import I64, Phase
from stream.units import NEVER_MS
from stream.windows.calls.facts import NONE, CallFacts
from stream.windows.calls.open_calls import Calls


@dataclass(frozen=True, slots=True)
class Contribution(Columns):
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


def known(what: Contribution) -> Contribution:
    """Without what is not known."""
    return what.take(what.ts_ms < NEVER_MS)


def changes(before: Contribution, after: Contribution) -> tuple[Contribution, I64]:
    """What no longer counts and what counts now of the same calls and legs; -1 or 1 for each."""
    names = Contribution.__slots__
    pairs = [(getattr(before, name), getattr(after, name)) for name in names]
    differ = np.logical_or.reduce([one != other for one, other in pairs])
    gone, come = (differ & (part.ts_ms < NEVER_MS) for part in (before, after))
    columns = (np.concatenate([one[gone], other[come]]) for one, other in pairs)
    return Contribution(*columns), np.repeat([-1, 1], [gone.sum(), come.sum()])


def contribution(book: Calls, calls: I64, legs: I64) -> Contribution:
    """What the calls and their legs count for as far as they are known now.

    Always in the same places; `ts_ms` is NEVER_MS where nothing is known.
    """
    parts = [
        _of_calls(book, calls, Phase.offered),
        _of_calls(book, calls, Phase.abandoned),
        _of_answers(book, legs),
        _of_ends(book, legs),
    ]
    return Contribution(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _of_calls(book: Calls, calls: I64, phase: Phase) -> tuple[I64, ...]:
    facts = book.facts[phase]
    none = np.full(len(calls), NONE, np.int64)
    return (
        np.full(len(calls), int(phase)),
        facts.ts_ms[calls],
        facts.pool[calls],
        none,
        _wait_ms(book, facts, calls, calls),
        none,
        none,
        none,
    )


def _wait_ms(book: Calls, facts: CallFacts, at: I64, call: I64) -> I64:
    """The wait that was told, else since the call was offered, else NONE."""
    offered = book.facts[Phase.offered].ts_ms[call]
    since = facts.ts_ms[at] - offered
    own = np.where((offered < NEVER_MS) & (since >= 0), since, NONE)
    return np.where(facts.wait_ms[at] >= 0, facts.wait_ms[at], own)


def _of_answers(book: Calls, legs: I64) -> tuple[I64, ...]:
    facts = book.facts[Phase.answered]
    none = np.full(len(legs), NONE, np.int64)
    wait = _wait_ms(book, facts, legs, book.legs.call[legs])
    return (
        np.full(len(legs), int(Phase.answered)),
        facts.ts_ms[legs],
        facts.pool[legs],
        facts.seat[legs],
        wait,
        none,
        none,
        none,
    )


def _of_ends(book: Calls, legs: I64) -> tuple[I64, ...]:
    facts, answered = book.facts[Phase.ended], book.facts[Phase.answered]
    since = facts.ts_ms[legs] - answered.ts_ms[legs]
    own = np.where((answered.ts_ms[legs] < NEVER_MS) & (since >= 0), since, NONE)
    talk = np.where(facts.talk_ms[legs] >= 0, facts.talk_ms[legs], own)
    none = np.full(len(legs), NONE, np.int64)
    return (
        np.full(len(legs), int(Phase.ended)),
        facts.ts_ms[legs],
        facts.pool[legs],
        facts.seat[legs],
        none,
        talk,
        facts.hold_ms[legs],
        _acw_ms(book, legs),
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
