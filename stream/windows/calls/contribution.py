"""What calls count for: a pure function of their known facts."""

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
    """Only the rows whose facts are known."""
    return what.take(what.ts_ms < NEVER_MS)


def changes(before: Contribution, after: Contribution) -> tuple[Contribution, I64]:
    """What no longer counts (sign -1) and what counts now (sign 1) of the same calls and legs."""
    names = Contribution.__slots__
    pairs = [(getattr(before, name), getattr(after, name)) for name in names]
    differ = np.logical_or.reduce([one != other for one, other in pairs])
    gone, come = (differ & (part.ts_ms < NEVER_MS) for part in (before, after))
    columns = (np.concatenate([one[gone], other[come]]) for one, other in pairs)
    return Contribution(*columns), np.repeat([-1, 1], [gone.sum(), come.sum()])


def contribution(open_calls: Calls, calls: I64, legs: I64) -> Contribution:
    """What the calls and their legs count for, as far as their facts are known now.

    The rows are always in the same places; `ts_ms` is NEVER_MS where nothing is known.
    """
    parts = [
        _of_calls(open_calls, calls, Phase.offered),
        _of_calls(open_calls, calls, Phase.abandoned),
        _of_answers(open_calls, legs),
        _of_ends(open_calls, legs),
    ]
    return Contribution(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _of_calls(open_calls: Calls, calls: I64, phase: Phase) -> tuple[I64, ...]:
    facts = open_calls.facts[phase]
    none = np.full(len(calls), NONE, np.int64)
    return (
        np.full(len(calls), int(phase)),
        facts.ts_ms[calls],
        facts.pool[calls],
        none,
        _wait_ms(open_calls, facts, calls, calls),
        none,
        none,
        none,
    )


def _wait_ms(open_calls: Calls, facts: CallFacts, at: I64, call: I64) -> I64:
    """The reported wait, else the time since the call was offered, else NONE."""
    offered = open_calls.facts[Phase.offered].ts_ms[call]
    since = facts.ts_ms[at] - offered
    own = np.where((offered < NEVER_MS) & (since >= 0), since, NONE)
    return np.where(facts.wait_ms[at] >= 0, facts.wait_ms[at], own)


def _of_answers(open_calls: Calls, legs: I64) -> tuple[I64, ...]:
    facts = open_calls.facts[Phase.answered]
    none = np.full(len(legs), NONE, np.int64)
    wait = _wait_ms(open_calls, facts, legs, open_calls.legs.call[legs])
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


def _of_ends(open_calls: Calls, legs: I64) -> tuple[I64, ...]:
    facts, answered = open_calls.facts[Phase.ended], open_calls.facts[Phase.answered]
    since = facts.ts_ms[legs] - answered.ts_ms[legs]
    own = np.where(answered.known(legs) & (since >= 0), since, NONE)
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
        _acw_ms(open_calls, legs),
    )


def _acw_ms(open_calls: Calls, legs: I64) -> I64:
    """The leg's own after-call work; for the leg that ended last else that of the whole call."""
    wrapped = open_calls.facts[Phase.wrapped]
    own = np.where(wrapped.known(legs), wrapped.acw_ms[legs], NONE)
    calls = open_calls.legs.call[legs]
    leg = open_calls.legs.nameless[calls]
    leg_or_any = np.maximum(leg, 0)  # NONE would index the last one; it is masked below
    of_call = (leg != NONE) & (open_calls.last_ended[calls] == legs) & (own == NONE)
    of_call &= wrapped.known(leg_or_any)
    return np.where(of_call, wrapped.acw_ms[leg_or_any], own)
