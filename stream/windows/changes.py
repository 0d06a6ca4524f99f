"""What changed on the floors between two instants: the view that control has of the windows.

Control looks at each instant once. So it keeps, for each agent, the state that it last saw
(`Watch`); a row that arrives late changes what holds from now on, never what was judged.
"""

from dataclasses import dataclass

import numpy as np

from stream.control.model import Changes, StaleChanges
from stream.events.language import I64, STATE_COUNT, WORKING, Bool, State
from stream.units import NEVER_MS
from stream.windows.engine import Engine
from stream.windows.grouping import grown
from stream.windows.reading import credible_until

NOBODY = -1
_KNOWN_WORK = np.isin(np.arange(STATE_COUNT), [int(state) for state in WORKING])


class Watch:
    """Seat and state of each agent as control last saw them; NOBODY before the first."""

    def __init__(self) -> None:
        self.seat = np.full(64, NOBODY, np.int64)
        self.state = np.zeros(64, np.int64)
        self.until_ms = np.full(64, NEVER_MS, np.int64)
        """When the state stops being credible."""
        self.run_ms = np.full(64, -NEVER_MS, np.int64)
        """When the state began by its own row: an entry that was seen is no entry again."""
        self.silent = np.zeros(8, np.bool_)
        self.stale = np.zeros(8, np.bool_)
        """Teams that were stale when control looked last."""

    def make_room(self, agents: int, sources: int) -> None:
        """Follow the names."""
        self.seat = grown(self.seat, agents, NOBODY)
        self.state = grown(self.state, agents)
        self.until_ms = grown(self.until_ms, agents, NEVER_MS)
        self.run_ms = grown(self.run_ms, agents, -NEVER_MS)
        self.silent = grown(self.silent, sources)

    def catch_up(self, engine: Engine, judged_ms: int) -> None:
        """See everything as it stood when all before `judged_ms` was judged."""
        everyone = np.flatnonzero(engine.agents.last_ms[: len(engine.names.agents)] < NEVER_MS)
        none = np.zeros(STATE_COUNT, np.bool_)
        look(engine, self, everyone, judged_ms - 1, judged_ms, none)
        self.stale = stale_teams(engine, judged_ms - 1)

    def heads(self, engine: Engine) -> I64:
        """(teams, STATE_COUNT) heads as control last saw them."""
        count = len(engine.names.agents)
        seat = self.seat[:count]
        there = np.flatnonzero(seat != NOBODY)
        team = engine.names.seat_team.data[seat[there]]
        place = team * STATE_COUNT + self.state[there]
        teams = len(engine.names.teams)
        return np.bincount(place, minlength=teams * STATE_COUNT).reshape(teams, STATE_COUNT)


@dataclass(frozen=True, slots=True)
class _Steps:
    """Where agents' states may change, in columns; one agent after the other, by instant."""

    agent: I64
    at_ms: I64
    seat: I64
    state: I64
    before: I64
    """The state that led to this one."""
    row_ms: I64
    """When the state began by its own row."""
    sync: Bool


def look(
    engine: Engine, watch: Watch, touched: I64, from_ms: int, until_ms: int, entry_states: Bool
) -> Changes:
    """The changes in [from_ms, until_ms) against what control last saw, which moves on.

    touched: agents with rows that control has not seen. entry_states: (STATE_COUNT,).
    """
    watch.make_room(len(engine.names.agents), len(engine.names.sources))
    agents = _candidates(engine, watch, touched, until_ms)
    changes = _changes(engine, watch, _steps(engine, agents, from_ms, until_ms), entry_states)
    _expect(engine, watch, agents, until_ms)
    return changes


def _candidates(engine: Engine, watch: Watch, touched: I64, until_ms: int) -> I64:
    """Agents of whom control may see something new."""
    count = len(engine.names.agents)
    expiring = np.flatnonzero(watch.until_ms[:count] < until_ms)
    silent_from = engine.sources.silent_from_ms()
    sources = len(silent_from)
    turned = (silent_from < until_ms) != watch.silent[:sources]
    parts = [touched, expiring]
    if turned.any():
        held = engine.agents.last_ms[:count] < NEVER_MS
        parts.append(np.flatnonzero(held & turned[engine.agents.last_source[:count]]))
        watch.silent[:sources] = silent_from < until_ms
    return np.unique(np.concatenate(parts))


def _steps(engine: Engine, agents: I64, from_ms: int, until_ms: int) -> _Steps:
    """The states of the agents at from_ms and at each later row, limit or silence."""
    rows, size = engine.timelines.of(agents)
    place = np.repeat(np.arange(len(agents)), size)
    same = np.append(place[1:] == place[:-1], False) if len(place) else np.zeros(0, np.bool_)
    next_ms = np.full(len(place), NEVER_MS, np.int64)
    next_ms[:-1][same[:-1]] = rows.ts_ms[1:][same[:-1]]
    real = next_ms > rows.ts_ms
    rows, place, next_ms = rows.take(real), place[real], next_ms[real]
    seat, state = rows.seat.astype(np.int64), rows.state.astype(np.int64)
    source = rows.source.astype(np.int64)
    limit_ms = engine.limit_of(source, state, seat, rows.ts_ms)
    is_open = next_ms == NEVER_MS
    silent_from = engine.sources.silent_from_ms()
    limit_ms = np.where(is_open & (limit_ms > silent_from[source]), silent_from[source], limit_ms)
    start_of_run, before = _runs(place, seat, state, next_ms, limit_ms)
    row_ms, sync = rows.ts_ms[start_of_run], rows.sync[start_of_run]
    at_ms = np.maximum(rows.ts_ms, from_ms)
    shown = (at_ms < until_ms) & (np.minimum(next_ms, limit_ms) > at_ms)
    ended_ms = np.maximum(limit_ms, from_ms)
    lost = (ended_ms < until_ms) & (limit_ms < next_ms) & (next_ms > from_ms)
    unknown = np.full(len(place), int(State.unknown))
    as_told = (place, at_ms, seat, state, before, row_ms, sync)
    as_lost = (place, ended_ms, seat, unknown, state, row_ms, sync)
    parts = [[column[shown] for column in as_told], [column[lost] for column in as_lost]]
    columns = [np.concatenate(pair) for pair in zip(*parts, strict=True)]
    order = np.lexsort((columns[1], columns[0]))
    place, *rest = (column[order] for column in columns)
    return _Steps(agents[place], *rest)


def _runs(place: I64, seat: I64, state: I64, next_ms: I64, limit_ms: I64) -> tuple[I64, I64]:
    """For each row: where the run of equal states in its seat began, and what came before it."""
    count = len(place)
    new = np.ones(count, np.bool_)
    broken = limit_ms[:-1] < next_ms[:-1]
    new[1:] = (
        (place[1:] != place[:-1]) | (seat[1:] != seat[:-1]) | (state[1:] != state[:-1]) | broken
    )
    start = np.maximum.accumulate(np.where(new, np.arange(count), 0))
    before = np.full(count, int(State.unknown))
    before[1:] = np.where((place[1:] == place[:-1]) & ~broken, state[:-1], int(State.unknown))
    return start, before[start]


def _changes(engine: Engine, watch: Watch, steps: _Steps, entry_states: Bool) -> Changes:
    count = len(steps.agent)
    first = np.ones(count, np.bool_)
    first[1:] = steps.agent[1:] != steps.agent[:-1]
    seat_before = np.empty(count, np.int64)
    state_before = np.empty(count, np.int64)
    seat_before[1:], state_before[1:] = steps.seat[:-1], steps.state[:-1]
    seat_before[first] = watch.seat[steps.agent[first]]
    state_before[first] = watch.state[steps.agent[first]]
    changed = (steps.seat != seat_before) | (steps.state != state_before)
    at = np.flatnonzero(changed)
    at = at[np.lexsort((steps.agent[at], steps.at_ms[at]))]
    team = np.append(engine.names.seat_team.data, NOBODY)
    seen = first & (steps.row_ms == watch.run_ms[steps.agent])
    entry = entry_states[steps.state] & _KNOWN_WORK[steps.before] & ~steps.sync & ~seen
    last = np.append(first[1:], True) if count else first
    watch.seat[steps.agent[last]] = steps.seat[last]
    watch.state[steps.agent[last]] = steps.state[last]
    watch.run_ms[steps.agent[last]] = steps.row_ms[last]
    return Changes(
        steps.at_ms[at],
        steps.agent[at],
        team[seat_before[at]],
        state_before[at].astype(np.uint8),
        team[steps.seat[at]],
        steps.state[at].astype(np.uint8),
        entry[at],
        steps.row_ms[at],
    )


def _expect(engine: Engine, watch: Watch, agents: I64, until_ms: int) -> None:
    """When each agent must be looked at again without a new row."""
    held = engine.agents
    agents = agents[held.last_ms[agents] < NEVER_MS]
    limit_ms = credible_until(engine, held.last_source[agents], held.limit_ms[agents], until_ms)
    ahead = held.last_ms[agents] >= until_ms
    later = np.where(limit_ms >= until_ms, limit_ms, NEVER_MS)
    watch.until_ms[agents] = np.where(ahead, until_ms, later)


def stale_teams(engine: Engine, at_ms: int) -> Bool:
    """(teams,): teams with someone not offline whose source is silent at the instant."""
    stale = np.zeros(len(engine.names.teams), np.bool_)
    silent = engine.sources.silent_from_ms() <= at_ms
    if silent.any():
        count = len(engine.names.agents)
        held = engine.agents
        at = np.flatnonzero(
            (held.last_ms[:count] <= at_ms)
            & silent[held.last_source[:count]]
            & (held.last_state[:count] != State.offline)
        )
        stale[engine.names.seat_team.data[held.last_seat[at]]] = True
    return stale


def stale_changes(
    engine: Engine, watch: Watch, from_ms: int, until_ms: int
) -> tuple[Bool, StaleChanges]:
    """Which teams were stale when control looked last, and what changed of it before until_ms.

    A source that came back in the meantime is back from from_ms on: what was judged stays.
    """
    teams = len(engine.names.teams)
    watch.stale = grown(watch.stale, teams)
    at_start = stale = watch.stale[:teams].copy()
    onsets = engine.sources.silent_from_ms()
    inside = np.unique(onsets[(onsets > from_ms) & (onsets < until_ms)])
    parts: list[tuple[int, int, bool]] = []
    for at_ms in [from_ms, *inside.tolist()]:
        now = stale_teams(engine, at_ms)
        parts += [(at_ms, team, bool(now[team])) for team in np.flatnonzero(now != stale).tolist()]
        stale = now
    watch.stale[:teams] = stale
    at = np.array([at_ms for at_ms, _, _ in parts], np.int64)
    team = np.array([number for _, number, _ in parts], np.int64)
    return at_start, StaleChanges(at, team, np.array([one for *_, one in parts], np.bool_))
