"""What control last observed of each agent and source."""

from collections.abc import Sequence

import numpy as np

from stream.arrays import ColumnStore, column
from stream.events.language import I64
from stream.events.names import Names
from stream.observation.seen_states import SEEN_COUNT, SEEN_NAMES
from stream.units import NEVER_MS
from stream.windows.engine import Engine
from stream.windows.phones import NO_CALL

NOBODY = -1
ObservedState = tuple[str, str, str, str, int, int, int]
"""Floor, agent, team (empty: nobody yet), state, `run_ms`, `until_ms` and `call` of `LastObserved`.

Versions before `call` stored six values."""


class LastObserved(ColumnStore):
    """Seat and state of each agent as control last observed them."""

    seat: I64 = column(np.int64, NOBODY, per="agents")
    """NOBODY before the first state."""
    state: I64 = column(np.int64, per="agents")
    """A state, or one of `stream.observation.seen_states`."""
    until_ms: I64 = column(np.int64, NEVER_MS, per="agents")
    """When what is seen of the agent changes without another event."""
    run_ms: I64 = column(np.int64, -NEVER_MS, per="agents")
    """When the last run of rows that was shown began: an entry is observed once."""
    call: I64 = column(np.int64, per="agents")
    """The call that rings, as of `stream.windows.timeline.Rows`."""
    silent_ms: I64 = column(np.int64, NEVER_MS, per="sources")
    """Since when each source is silent or retired; NEVER_MS: it is not."""

    def follow_names(self, names: Names) -> None:
        """Add rows for new agents and sources."""
        self.resize(agents=len(names.agents), sources=len(names.sources))

    def taken_over(self, names: Names, sources: I64, agents: I64, seat_of: I64) -> "LastObserved":
        """The same under other numbers.

        Args:
            names: after names were forgotten.
            sources: the old numbers of its sources.
            agents: the old numbers of its agents.
            seat_of: the new number of each old seat; -1 as the last one, for nobody.
        """
        new = LastObserved()
        new.follow_names(names)
        for name in self.column_names("agents"):
            getattr(new, name)[: len(agents)] = getattr(self, name)[agents]
        new.seat[: len(agents)] = seat_of[new.seat[: len(agents)]]
        new.silent_ms[: len(sources)] = self.silent_ms[sources]
        return new

    def observed(self, engine: Engine, agents: I64) -> list[ObservedState]:
        """The states of these agents as last observed, by names, for a commit."""
        self.follow_names(engine.names)
        names, observed = engine.names, list[ObservedState]()
        for agent in np.unique(agents).tolist():
            seat = int(self.seat[agent])
            team = "" if seat == NOBODY else names.seats.keys[seat][2]
            state = SEEN_NAMES[int(self.state[agent])]
            times = int(self.run_ms[agent]), int(self.until_ms[agent])
            call = int(self.call[agent])
            observed.append((*names.agents.keys[agent], team, state, *times, call))
        return observed

    def restore(self, names: Names, observed: Sequence[ObservedState]) -> I64:
        """Restore agents as they were observed, whatever arrived since; returns their numbers.

        Those whose names no record gave when it was read again are left out: their events are
        rejected now (a limit was lowered), were late, or are gone.
        """
        agents = list[int]()
        for floor, agent, team, state, run_ms, until_ms, *call in observed:
            number = names.agents.get((floor, agent))
            seat = names.seats.get((floor, agent, team)) if team else NOBODY
            if number is None or seat is None:
                continue
            agents.append(number)
            self.seat[number] = seat
            self.state[number] = SEEN_NAMES.index(state)
            self.run_ms[number], self.until_ms[number] = run_ms, until_ms
            self.call[number] = call[0] if call else NO_CALL
        return np.array(agents, np.int64)

    def heads(self, engine: Engine) -> I64:
        """(teams, SEEN_COUNT): heads as last observed."""
        count = len(engine.names.agents)
        seat = self.seat[:count]
        there = np.flatnonzero(seat != NOBODY)
        team = engine.names.seat_team.data[seat[there]]
        place = team * SEEN_COUNT + self.state[there]
        teams = len(engine.names.teams)
        return np.bincount(place, minlength=teams * SEEN_COUNT).reshape(teams, SEEN_COUNT)
