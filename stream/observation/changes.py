"""What changed on the floors between two instants: control's view of the windows.

Control observes each instant once. So it stores, for each agent, the state that it last observed
(`LastObserved`); a late row changes the state from now on, never what was evaluated already.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stream.arrays import distinct
from stream.events.language import I64, STATE_COUNT, WORKING, Bool, State
from stream.events.names import Names
from stream.observation.feed import Changes
from stream.observation.last_observed import NOBODY, LastObserved
from stream.observation.ringing import ringing_phones
from stream.observation.seen_states import DAY_OVER, SILENT
from stream.observation.stretches import (
    Division,
    Held,
    Stretches,
    day_ends_ms,
    divided,
    held_rows,
    retired_ms,
)
from stream.units import DAY_MS, NEVER_MS
from stream.windows.engine import Engine
from stream.windows.phones import Phones
from stream.windows.source_gaps import silent_or_retired_ms

_KNOWN_WORK = np.isin(np.arange(STATE_COUNT), [int(state) for state in WORKING])
_SEEN_OF_PART = np.array([0, int(State.unknown), DAY_OVER, SILENT, int(State.offline)])
"""By part of `Division`; what is shown has the state of its row."""


@dataclass(frozen=True, slots=True)
class _StateSteps:
    """Where agents' states may change, in columns: one agent after the other, by instant."""

    agent: I64
    at_ms: I64
    seat: I64
    state: I64
    shown: Bool
    """Whether the state is the row's own; else that is not credible."""
    before: I64
    """The state that led to the row's run."""
    run_ms: I64
    """When that run began."""
    sync: Bool
    call: I64


class Observed(NamedTuple):
    """What was observed of a stretch of time."""

    changes: Changes
    phones: Phones


def observe(
    engine: Engine,
    watch: LastObserved,
    touched: I64,
    from_ms: int,
    until_ms: int,
    entry_states: Bool,
) -> Observed:
    """What changed in [from_ms, until_ms) since the last observation, which `watch` then replaces.

    Args:
        engine: The windows.
        watch: The last observation; updated in place.
        touched: Agents with rows that control has not observed.
        from_ms: Where the last observation ended.
        until_ms: The end of this one.
        entry_states: (STATE_COUNT,): the states into which an entry counts.
    """
    watch.follow_names(engine.names)
    agents = _candidates(engine, watch, touched, until_ms)
    held = held_rows(engine, agents)
    steps = _steps(agents, held, divided(engine, held, until_ms), from_ms)
    phones = _phones(engine.names, watch, agents, steps, from_ms, until_ms)
    changes = _changes(engine, watch, steps, entry_states)
    _schedule(engine, watch, agents, held, until_ms)
    engine.sources.drop_silences(until_ms)
    return Observed(changes, phones)


def observe_all(engine: Engine, watch: LastObserved, judged_ms: int) -> None:
    """Observe all agents as of the instant up to which control has evaluated."""
    everyone = np.flatnonzero(engine.agents.last_ms[: len(engine.names.agents)] < NEVER_MS)
    none = np.zeros(STATE_COUNT, np.bool_)
    observe(engine, watch, everyone, -NEVER_MS, judged_ms, none)


def _phones(
    names: Names, watch: LastObserved, agents: I64, steps: _StateSteps, from_ms: int, until_ms: int
) -> Phones:
    """Phones that ring: of these agents by their steps, of others as last observed."""
    still = watch.state[: len(names.agents)] == State.ringing
    still[agents] = False
    others = np.flatnonzero(still)
    return ringing_phones(
        names,
        np.concatenate([steps.agent, others]),
        np.concatenate([steps.at_ms, np.full(len(others), from_ms)]),
        np.concatenate([steps.seat, watch.seat[others]]),
        np.concatenate([steps.state, watch.state[others]]),
        np.concatenate([steps.call, watch.call[others]]),
        until_ms,
    )


def _candidates(engine: Engine, watch: LastObserved, touched: I64, until_ms: int) -> I64:
    """Agents whose state may have changed."""
    count = len(engine.names.agents)
    expiring = np.flatnonzero(watch.until_ms[:count] < until_ms)
    silent_ms = silent_or_retired_ms(engine.sources)
    silent_ms[silent_ms >= until_ms] = NEVER_MS
    turned = silent_ms != watch.silent_ms[: len(silent_ms)]
    turned[engine.sources.silences[0]] = True
    parts = [touched, expiring]
    if turned.any():
        held = engine.agents.last_ms[:count] < NEVER_MS
        parts.append(np.flatnonzero(held & turned[engine.agents.last_source[:count]]))
        watch.silent_ms[: len(silent_ms)] = silent_ms
    return distinct(np.concatenate(parts))


def _steps(agents: I64, held: Held, parts: Division, from_ms: int) -> _StateSteps:
    """What is seen of the agents at from_ms and at each later instant at which it changes."""
    every = Stretches.joined(*parts)
    row, at_ms, place = every.row, np.maximum(every.start_ms, from_ms), np.arange(len(every))
    is_shown = place < len(parts.shown)
    state = np.repeat(_SEEN_OF_PART, [len(part) for part in parts])
    state[is_shown] = held.state[parts.shown.row]
    at = np.flatnonzero(every.end_ms > from_ms)
    if len(every) > len(parts.shown):
        at = at[np.lexsort((at_ms[at], row[at]))]
    row, at_ms, is_shown = row[at], at_ms[at], is_shown[at]
    return _StateSteps(
        agents[held.place[row]],
        at_ms,
        held.seat[row],
        state[at],
        is_shown,
        held.before[row],
        held.run_ms[row],
        held.sync[row],
        held.call[row],
    )


def _changes(
    engine: Engine, watch: LastObserved, steps: _StateSteps, entry_states: Bool
) -> Changes:
    count = len(steps.agent)
    first = np.ones(count, np.bool_)
    first[1:] = steps.agent[1:] != steps.agent[:-1]
    seat_before = _before(steps.seat, watch.seat, steps.agent, first)
    state_before = _before(steps.state, watch.state, steps.agent, first)
    changed = (steps.seat != seat_before) | (steps.state != state_before)
    at = np.flatnonzero(changed)
    at = at[np.lexsort((steps.agent[at], steps.at_ms[at]))]
    team = np.append(engine.names.seat_team.data, NOBODY)
    run_ms = _shown_runs(watch, steps, first)
    is_new = steps.shown & (steps.run_ms != _before(run_ms, watch.run_ms, steps.agent, first))
    into = entry_states[np.where(steps.shown, steps.state, int(State.unknown))]
    entry = into & _KNOWN_WORK[steps.before] & ~steps.sync & is_new
    last = np.append(first[1:], True) if count else first
    watch.seat[steps.agent[last]] = steps.seat[last]
    watch.state[steps.agent[last]] = steps.state[last]
    watch.run_ms[steps.agent[last]] = run_ms[last]
    watch.call[steps.agent[last]] = steps.call[last]
    return Changes(
        steps.at_ms[at],
        steps.agent[at],
        team[seat_before[at]],
        state_before[at].astype(np.uint8),
        team[steps.seat[at]],
        steps.state[at].astype(np.uint8),
        entry[at],
        steps.run_ms[at],
    )


def _before(values: I64, seen: I64, agent: I64, first: Bool) -> I64:
    """The value of each agent in the step before, or as last observed."""
    out = np.empty_like(values)
    out[1:] = values[:-1]
    out[first] = seen[agent[first]]
    return out


def _shown_runs(watch: LastObserved, steps: _StateSteps, first: Bool) -> I64:
    """For each step: when the agent's last run began that was shown until then."""
    start = np.where(steps.shown, steps.run_ms, watch.run_ms[steps.agent])
    last = np.where(steps.shown | first, np.arange(len(start)), 0)
    return start[np.maximum.accumulate(last)]


def _schedule(engine: Engine, watch: LastObserved, agents: I64, held: Held, until_ms: int) -> None:
    """Set when each agent must be observed again if no row arrives and no source turns."""
    last = np.flatnonzero(held.next_ms == NEVER_MS)
    source, limit_ms = held.source[last], held.limit_ms[last]
    over = silent_or_retired_ms(engine.sources) < until_ms
    gone_ms = np.where(over, retired_ms(engine.sources), NEVER_MS)[source]
    day_ms = day_ends_ms(engine, held, until_ms)[last]
    edges_ms = np.stack([limit_ms, day_ms, limit_ms + DAY_MS, gone_ms])
    next_ms = np.where(edges_ms >= until_ms, edges_ms, NEVER_MS).min(axis=0)
    next_ms[held.state[last] == State.offline] = NEVER_MS
    is_ahead = held.ts_ms[last] >= until_ms
    next_ms = np.minimum(np.where(is_ahead, until_ms, next_ms), NEVER_MS)
    watch.until_ms[agents[held.place[last]]] = next_ms
