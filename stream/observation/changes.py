"""What changed on the floors between two instants: control's view of the windows.

Control observes each instant once. So it stores, for each agent, the state that it last observed
(`LastObserved`); a late row changes the state from now on, never what was evaluated already.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stream.arrays import ColumnStore, column, union
from stream.events.language import I64, STATE_COUNT, WORKING, Bool, State
from stream.events.names import Names
from stream.observation.feed import Changes, StaleChanges
from stream.observation.stretches import Held, Stretches, divided, held_rows, silent_stretches
from stream.units import DAY_MS, NEVER_MS
from stream.windows.engine import Engine
from stream.windows.state_intervals import credible_until

NOBODY = -1
ObservedState = tuple[str, str, str, str, int, int]
"""Floor, agent, team (empty: nobody yet), state, `run_ms` and `until_ms` of `LastObserved`."""
_KNOWN_WORK = np.isin(np.arange(STATE_COUNT), [int(state) for state in WORKING])


class LastObserved(ColumnStore):
    """Seat and state of each agent as control last observed them."""

    seat: I64 = column(np.int64, NOBODY, per="agents")
    """NOBODY before the first state."""
    state: I64 = column(np.int64, per="agents")
    until_ms: I64 = column(np.int64, NEVER_MS, per="agents")
    """When the state stops being credible."""
    run_ms: I64 = column(np.int64, -NEVER_MS, per="agents")
    """When the last run of rows that was shown began: an entry is observed once."""
    silent_ms: I64 = column(np.int64, NEVER_MS, per="sources")
    """Since when each source is silent; NEVER_MS: it is not."""
    stale: Bool = column(np.bool_, per="teams")
    """Teams that were stale at the last observation."""

    def follow_names(self, names: Names) -> None:
        """Add rows for new agents, sources and teams."""
        self.resize(agents=len(names.agents), sources=len(names.sources), teams=len(names.teams))

    def observe_all(self, engine: Engine, judged_ms: int) -> None:
        """Observe all agents as of the instant up to which control has evaluated."""
        everyone = np.flatnonzero(engine.agents.last_ms[: len(engine.names.agents)] < NEVER_MS)
        none = np.zeros(STATE_COUNT, np.bool_)
        observe(engine, self, everyone, -NEVER_MS, judged_ms, none)

    def observed(self, engine: Engine, agents: I64) -> list[ObservedState]:
        """The states of these agents as last observed, by names, for a commit."""
        self.follow_names(engine.names)
        names, observed = engine.names, list[ObservedState]()
        for agent in np.unique(agents).tolist():
            seat = int(self.seat[agent])
            team = "" if seat == NOBODY else names.seats.keys[seat][2]
            state = State(int(self.state[agent])).name
            times = int(self.run_ms[agent]), int(self.until_ms[agent])
            observed.append((*names.agents.keys[agent], team, state, *times))
        return observed

    def restore(self, names: Names, observed: Sequence[ObservedState]) -> I64:
        """Restore agents as they were observed, whatever arrived since; returns their numbers.

        Those whose names no record gave when it was read again are left out: their events are
        rejected now (a limit was lowered), were late, or are gone.
        """
        agents = list[int]()
        for floor, agent, team, state, run_ms, until_ms in observed:
            number = names.agents.get((floor, agent))
            seat = names.seats.get((floor, agent, team)) if team else NOBODY
            if number is None or seat is None:
                continue
            agents.append(number)
            self.seat[number] = seat
            self.state[number] = State[state]
            self.run_ms[number], self.until_ms[number] = run_ms, until_ms
        return np.array(agents, np.int64)

    def heads(self, engine: Engine) -> I64:
        """(teams, STATE_COUNT): heads as last observed."""
        count = len(engine.names.agents)
        seat = self.seat[:count]
        there = np.flatnonzero(seat != NOBODY)
        team = engine.names.seat_team.data[seat[there]]
        place = team * STATE_COUNT + self.state[there]
        teams = len(engine.names.teams)
        return np.bincount(place, minlength=teams * STATE_COUNT).reshape(teams, STATE_COUNT)


@dataclass(frozen=True, slots=True)
class _StateSteps:
    """Where agents' states may change, in columns: one agent after the other, by instant."""

    agent: I64
    at_ms: I64
    seat: I64
    state: I64
    shown: Bool
    """Whether the state is the row's own; else it is not credible (`unknown`, `offline`)."""
    before: I64
    """The state that led to the row's run."""
    run_ms: I64
    """When that run began."""
    sync: Bool


def observe(
    engine: Engine,
    watch: LastObserved,
    touched: I64,
    from_ms: int,
    until_ms: int,
    entry_states: Bool,
) -> tuple[Changes, StaleChanges]:
    """The changes in [from_ms, until_ms) since the last observation, which `watch` then replaces.

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
    silent = silent_stretches(engine, held, until_ms)
    steps = _steps(agents, held, silent, from_ms, until_ms)
    changes = _changes(engine, watch, steps, entry_states)
    stale = _stale(engine, watch, agents, held, silent, until_ms)
    stale_changes = _stale_changes(watch, stale, from_ms, until_ms)
    _schedule(engine, watch, agents, until_ms)
    engine.sources.drop_silences(until_ms)
    return changes, stale_changes


def _candidates(engine: Engine, watch: LastObserved, touched: I64, until_ms: int) -> I64:
    """Agents whose state may have changed."""
    count = len(engine.names.agents)
    expiring = np.flatnonzero(watch.until_ms[:count] < until_ms)
    silent_ms = engine.sources.silent_from_ms()
    silent_ms[silent_ms >= until_ms] = NEVER_MS
    turned = silent_ms != watch.silent_ms[: len(silent_ms)]
    turned[engine.sources.silences[0]] = True
    parts = [touched, expiring]
    if turned.any():
        held = engine.agents.last_ms[:count] < NEVER_MS
        parts.append(np.flatnonzero(held & turned[engine.agents.last_source[:count]]))
        watch.silent_ms[: len(silent_ms)] = silent_ms
    return np.unique(np.concatenate(parts))


def _steps(agents: I64, held: Held, silent: Stretches, from_ms: int, until_ms: int) -> _StateSteps:
    """The states of the agents at from_ms and at each later row, limit or end of a silence."""
    visible, doubted, gone = divided(held, silent, until_ms)
    every = Stretches.joined(visible, doubted, gone)
    row, at_ms, place = every.row, np.maximum(every.start_ms, from_ms), np.arange(len(every))
    is_shown = place < len(visible)
    state = np.where(place < len(visible) + len(doubted), int(State.unknown), int(State.offline))
    state[: len(visible)] = held.state[visible.row]
    at = np.flatnonzero(every.end_ms > from_ms)
    if len(every) > len(visible):
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
    entry = entry_states[steps.state] & _KNOWN_WORK[steps.before] & ~steps.sync & is_new
    last = np.append(first[1:], True) if count else first
    watch.seat[steps.agent[last]] = steps.seat[last]
    watch.state[steps.agent[last]] = steps.state[last]
    watch.run_ms[steps.agent[last]] = run_ms[last]
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


def _schedule(engine: Engine, watch: LastObserved, agents: I64, until_ms: int) -> None:
    """Set when each agent must be observed again if no row arrives."""
    held = engine.agents
    agents = agents[held.last_ms[agents] < NEVER_MS]
    limit_ms = held.limit_ms[agents]
    known_ms = credible_until(engine, held.last_source[agents], limit_ms, until_ms)
    next_ms = np.where(known_ms >= until_ms, known_ms, limit_ms + DAY_MS)
    is_over = (next_ms < until_ms) | (held.last_state[agents] == State.offline)
    later = np.where(is_over, NEVER_MS, np.minimum(next_ms, NEVER_MS))
    watch.until_ms[agents] = np.where(held.last_ms[agents] >= until_ms, until_ms, later)


def _stale(
    engine: Engine,
    watch: LastObserved,
    observed_now: I64,
    held: Held,
    silent: Stretches,
    until_ms: int,
) -> Stretches:
    """Time before until_ms in which teams (`row`) have members, not offline, of silent sources."""
    team_of = engine.names.seat_team.data
    always = np.unique(team_of[_silent_all_along(engine, watch, observed_now)])
    at = np.flatnonzero(held.state[silent.row] != State.offline)
    return Stretches(
        *union(
            np.concatenate([always, team_of[held.seat[silent.row[at]]]]),
            np.concatenate([np.full(len(always), -NEVER_MS), silent.start_ms[at]]),
            np.concatenate([np.full(len(always), until_ms), silent.end_ms[at]]),
        )
    )


def _silent_all_along(engine: Engine, watch: LastObserved, observed_now: I64) -> I64:
    """Seats of agents not offline, without anything new, whose source is silent."""
    is_silent = watch.silent_ms[: len(engine.names.sources)] < NEVER_MS
    if not is_silent.any():
        return np.zeros(0, np.int64)
    agents, count = engine.agents, len(engine.names.agents)
    found = is_silent[agents.last_source[:count]] & (agents.last_ms[:count] < NEVER_MS)
    found &= agents.last_state[:count] != State.offline
    found[observed_now] = False
    return agents.last_seat[:count][found]


def _stale_changes(
    watch: LastObserved, stale: Stretches, from_ms: int, until_ms: int
) -> StaleChanges:
    """Changes of the stale teams since the last observation, which `watch` then replaces."""
    ahead = (stale.end_ms > from_ms) | (stale.end_ms == until_ms)  # also where no time passes
    team, start_ms, end_ms = stale.row[ahead], stale.start_ms[ahead], stale.end_ms[ahead]
    still = np.zeros(len(watch.stale), np.bool_)
    still[team[start_ms <= from_ms]] = True
    begin = (start_ms > from_ms) | ~watch.stale[team]
    end = end_ms < until_ms
    gone = np.flatnonzero(watch.stale & ~still)
    at_ms = np.concatenate(
        [np.full(len(gone), from_ms), np.maximum(start_ms[begin], from_ms), end_ms[end]]
    )
    teams = np.concatenate([gone, team[begin], team[end]])
    is_stale = np.repeat([False, True, False], [len(gone), begin.sum(), end.sum()])
    order = np.lexsort((teams, at_ms))
    watch.stale[:] = False
    watch.stale[team[~end]] = True
    return StaleChanges(at_ms[order], teams[order], is_stale[order])
