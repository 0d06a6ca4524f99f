"""What control carries from one feed to the next: small, so that every commit can hold it."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np

from stream.control.detectors.collective import Entry, EntryLog
from stream.control.detectors.protocol import Detector, DetectorState, S
from stream.control.detectors.share import Jumps
from stream.control.episode import Episode
from stream.control.limits import SPAN_MAX_MS
from stream.events.language import I64
from stream.ids import PoolKey, TeamKey
from stream.units import NEVER_MS

_AT_ONCE: Final = -NEVER_MS


class DetectorStates:
    """State of detectors by name, then by pool or team number; absent: not judged yet."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        self._of: dict[str, dict[int, DetectorState]] = {}

    def get(self, detector: Detector[S], number: int) -> S:
        """What a detector carries of a pool or team."""
        state: Any = self._of.get(detector.name, {}).get(number)
        found: S = detector.initial if state is None else state
        return found

    def put(self, detector: Detector[S], number: int, state: S) -> None:
        """Carry on what a detector found."""
        self._of.setdefault(detector.name, {})[number] = state

    def raised(self) -> set[int]:
        """The pools or teams of which any alert is raised."""
        every = (pair for states in self._of.values() for pair in states.items())
        return {number for number, state in every if state.episode.raised}


class ControlState:
    """State by team and pool number; grows as the feed's teams and pools do."""

    def __init__(self) -> None:
        self.judged_ms = -NEVER_MS
        """Instants before this are judged."""
        self.teams: list[TeamKey] = []
        self.pools: list[PoolKey] = []
        none = np.zeros(0, np.int64)
        self.amber_ms = none
        """By team: since when K has reached the amber limit; NEVER_MS: it has not."""
        self.team_wakeup_ms = none
        """By team: when it must be judged without events; NEVER_MS: it need not."""
        self.jumps: dict[int, Jumps] = {}
        self.episodes: dict[int, Episode] = {}
        """People alerts by team."""
        self.entries = EntryLog.none()
        self.old_names: list[str] = []
        """Agents of restored entries; their number is -1 - the place in here."""
        self.free_since_ms = none
        """By pool: since when nobody is free; NEVER_MS: somebody is."""
        self.free_end_ms = none
        """By pool: when nobody had been free for 10 s for the last time; -NEVER_MS: never."""
        self.wait_end_ms = none
        """By pool: when the oldest call had waited too long for the last time."""
        self.known_ms = none
        """By pool: since when any agent of it is known; NEVER_MS: none was ever seen."""
        self.oldest_ms = none
        """By pool: when the oldest waiting call was offered, as the last feed ended that looked."""
        self.pool_wakeup_ms = none
        self.pool_episodes: dict[int, Episode] = {}
        """People alerts by pool."""
        self.team_states, self.pool_states = DetectorStates(), DetectorStates()
        self.pending_teams: dict[TeamKey, dict[str, Any]] = {}
        """Restored state of teams that no feed has numbered yet."""
        self.pending_pools: dict[PoolKey, dict[str, Any]] = {}
        self.restored_wakeup_ms = NEVER_MS
        """What `next_deadline` was when the state was taken, until the next feed is judged."""

    def grow(self, teams: Sequence[TeamKey], pools: Sequence[PoolKey]) -> None:
        """Make room for new teams and pools; they are due at once, to be looked at a first time."""
        self.restored_wakeup_ms = NEVER_MS
        more = len(teams) - len(self.teams)
        if more:
            self.teams = list(teams)
            self.amber_ms = _longer(self.amber_ms, more, NEVER_MS)
            self.team_wakeup_ms = _longer(self.team_wakeup_ms, more, _AT_ONCE)
        more = len(pools) - len(self.pools)
        if more:
            self.pools = list(pools)
            self.free_since_ms = _longer(self.free_since_ms, more, NEVER_MS)
            self.free_end_ms = _longer(self.free_end_ms, more, -NEVER_MS)
            self.wait_end_ms = _longer(self.wait_end_ms, more, -NEVER_MS)
            self.known_ms = _longer(self.known_ms, more, NEVER_MS)
            self.oldest_ms = _longer(self.oldest_ms, more, NEVER_MS)
            self.pool_wakeup_ms = _longer(self.pool_wakeup_ms, more, _AT_ONCE)

    def forget(self, until_ms: int) -> None:
        """Drop what can no longer matter after an instant."""
        self.judged_ms = until_ms
        old = self.entries.entry_ms < until_ms - SPAN_MAX_MS
        if old.any():
            self.entries = self.entries.take(~old)
        for team in [t for t, jumps in self.jumps.items() if jumps.is_over(until_ms)]:
            del self.jumps[team]
        for episodes in (self.episodes, self.pool_episodes):
            for number in [g for g, e in episodes.items() if e.is_over(until_ms)]:
                del episodes[number]

    def states(self, *, is_pool: bool) -> "DetectorStates":
        """What the detectors of pools carry, or those of teams."""
        return self.pool_states if is_pool else self.team_states

    def named(self, entries: EntryLog, names: Sequence[str]) -> list[Entry]:
        """Entries with their agents' names, in order known, then of entry."""
        found = [
            Entry(at, entry, agent, team)
            for at, entry, agent, team in zip(
                entries.at_ms.tolist(),
                entries.entry_ms.tolist(),
                self.names_of(entries.agent, names),
                entries.team.tolist(),
                strict=True,
            )
        ]
        return sorted(found)

    def names_of(self, agents: I64, names: Sequence[str]) -> list[str]:
        """Names of agents by number, those of restored entries too."""
        return [
            names[agent] if agent >= 0 else self.old_names[-1 - agent] for agent in agents.tolist()
        ]

    def next_deadline(self) -> int:
        """The first instant at which something may happen without events."""
        dues = [int(due.min()) for due in (self.team_wakeup_ms, self.pool_wakeup_ms) if len(due)]
        return min([*dues, self.restored_wakeup_ms])

    def add_old(self, rows: Iterable[tuple[int, int, str, int]]) -> None:
        """Take restored entries: (known, entered, agent, team)."""
        for at_ms, entry_ms, name, team in rows:
            self.old_names.append(name)
            row = (at_ms, entry_ms, -len(self.old_names), team)
            one = EntryLog(*(np.array([value], np.int64) for value in row))
            self.entries = one.followed_by(self.entries)


def _longer(column: I64, more: int, value: int) -> I64:
    return np.append(column, np.full(more, value, np.int64))


def intervals_of(episode: Episode | None) -> Iterable[tuple[int, int]]:
    """When an episode was raised, as far as it still knows: [start, end)."""
    if episode is None or episode.cleared_ms == -NEVER_MS:
        return ()
    return ((-NEVER_MS, episode.cleared_ms),)
