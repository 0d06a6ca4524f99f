"""What control keeps from one feed to the next: small, so that every commit can hold it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from stream.control.alerts.suppression import Jumps
from stream.control.detectors.entry_runs import Entry, EntryLog
from stream.control.detectors.protocol import AlertGroup, Detector, DetectorState, S
from stream.control.episode import NO_EPISODE, Episode
from stream.control.limits import SPAN_MAX_MS
from stream.control.model import Scope
from stream.events.language import I64
from stream.ids import PoolKey, TeamKey
from stream.observation.feed import NamedSpans
from stream.units import NEVER_MS

_AT_ONCE: Final = -NEVER_MS


class ScopeState:
    """Detectors' states, episodes and wake-ups of all teams, or of all pools, by number."""

    __slots__ = ("_episodes", "_states", "wakeup_ms")

    def __init__(self) -> None:
        self.wakeup_ms = np.zeros(0, np.int64)
        """When each must be evaluated without events; NEVER_MS: it need not."""
        self._states: dict[str, dict[int, DetectorState]] = {}
        self._episodes: dict[AlertGroup, dict[int, Episode]] = {}

    def state(self, detector: Detector[S], number: int) -> S:
        """A detector's state of a team or pool."""
        state: Any = self._states.get(detector.name, {}).get(number)
        found: S = detector.initial if state is None else state
        return found

    def set_state(self, detector: Detector[S], number: int, state: S) -> None:
        """Set a detector's state of a team or pool."""
        if state is not detector.initial:
            self._states.setdefault(detector.name, {})[number] = state
        elif detector.name in self._states:
            self._states[detector.name].pop(number, None)

    def episode(self, group: AlertGroup, number: int) -> Episode:
        """The episode of an alert group in a team or pool."""
        return self.episodes(group).get(number, NO_EPISODE)

    def episodes(self, group: AlertGroup) -> Mapping[int, Episode]:
        """The episodes of an alert group by number; those without one are absent."""
        return self._episodes.get(group, {})

    def set_episode(self, group: AlertGroup, number: int, episode: Episode) -> None:
        """Set the episode of an alert group in a team or pool."""
        if episode is not NO_EPISODE:
            self._episodes.setdefault(group, {})[number] = episode

    def expire(self, until_ms: int) -> None:
        """Drop episodes of gated groups that a new alarm could no longer reopen.

        A detector of its own keeps its last one: views show since when it is in control.
        """
        for group, episodes in self._episodes.items():
            if group.gated:
                for number in [n for n, e in episodes.items() if e.is_over(until_ms)]:
                    del episodes[number]

    def resize(self, more: int) -> None:
        """Append new teams or pools; they are due at once, for a first evaluation."""
        self.wakeup_ms = _longer(self.wakeup_ms, more, _AT_ONCE)


class ControlState:
    """State by team and pool number; grows as the feed's teams and pools do."""

    def __init__(self) -> None:
        self.judged_ms = -NEVER_MS
        """Instants before this are evaluated."""
        self.teams: list[TeamKey] = []
        self.pools: list[PoolKey] = []
        self.scopes = {scope: ScopeState() for scope in Scope}
        none = np.zeros(0, np.int64)
        self.amber_ms = none
        """By team: since when K has reached the amber limit; NEVER_MS: it has not."""
        self.jumps: dict[int, Jumps] = {}
        """By team: recent values of n, and the hold of share while it jumps."""
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
        self.named_spans = NamedSpans.none()
        """Of the last feed. Not stored: all are due after a restore."""
        self.oldest_ms = none
        """By pool: when the oldest waiting call was offered, at the end of the last feed that read
        its queue."""
        self.pending_teams: dict[TeamKey, dict[str, Any]] = {}
        """Restored state of teams that no feed has numbered yet."""
        self.pending_pools: dict[PoolKey, dict[str, Any]] = {}
        self.restored_wakeup_ms = NEVER_MS
        """What `next_deadline` was when the state was stored, until the next feed is evaluated."""

    def resize(self, teams: Sequence[TeamKey], pools: Sequence[PoolKey]) -> None:
        """Append new teams and pools."""
        self.restored_wakeup_ms = NEVER_MS
        more = len(teams) - len(self.teams)
        if more:
            self.teams = list(teams)
            self.amber_ms = _longer(self.amber_ms, more, NEVER_MS)
            self.scopes[Scope.team].resize(more)
        more = len(pools) - len(self.pools)
        if more:
            self.pools = list(pools)
            self.free_since_ms = _longer(self.free_since_ms, more, NEVER_MS)
            self.free_end_ms = _longer(self.free_end_ms, more, -NEVER_MS)
            self.wait_end_ms = _longer(self.wait_end_ms, more, -NEVER_MS)
            self.known_ms = _longer(self.known_ms, more, NEVER_MS)
            self.oldest_ms = _longer(self.oldest_ms, more, NEVER_MS)
            self.scopes[Scope.pool].resize(more)

    def follow_named(self, named: NamedSpans) -> None:
        """Evaluate at once the pools whose naming differs from that of the last feed."""
        if named != self.named_spans:
            changed = [pool for pool, *_ in self.named_spans.rows() ^ named.rows()]
            self.scopes[Scope.pool].wakeup_ms[changed] = _AT_ONCE
            self.named_spans = named

    def expire(self, until_ms: int) -> None:
        """Drop what can no longer matter after an instant."""
        self.judged_ms = until_ms
        old = self.entries.entry_ms < until_ms - SPAN_MAX_MS
        if old.any():
            self.entries = self.entries.take(~old)
        for team in [t for t, jumps in self.jumps.items() if jumps.is_over(until_ms)]:
            del self.jumps[team]
        for scope in self.scopes.values():
            scope.expire(until_ms)

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
        columns = (scope.wakeup_ms for scope in self.scopes.values())
        first = (int(column.min()) for column in columns if len(column))
        return min([*first, self.restored_wakeup_ms])

    def insert_restored(self, rows: Iterable[tuple[int, int, str, int]]) -> None:
        """Insert restored entries: (known, entered, agent, team)."""
        for at_ms, entry_ms, name, team in rows:
            self.old_names.append(name)
            row = (at_ms, entry_ms, -len(self.old_names), team)
            one = EntryLog(*(np.array([value], np.int64) for value in row))
            self.entries = one.followed_by(self.entries)


def _longer(column: I64, more: int, value: int) -> I64:
    return np.append(column, np.full(more, value, np.int64))
