"""Entries into the entry states, and runs of them within a span too short for chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stream.control.limits import SPAN_MAX_MS, Limits
from stream.events.language import I64, Bool
from stream.stats.scan import ENTRIES_MIN


class Entry(NamedTuple):
    """One agent's entry into one of the entry states."""

    at_ms: int
    """When it was known."""
    entry_ms: int
    """When it was."""
    agent: str
    team: int


class EntryRun(NamedTuple):
    """Distinct agents who entered within a span that is too short for chance."""

    movers: tuple[str, ...]
    """In order of entry."""
    teams: tuple[int, ...]
    """Of each of them."""
    first_ms: int
    last_ms: int
    limit_ms: int
    """The longest span of so many that is an alarm."""


def find_run(entries: Sequence[Entry], t_ms: int, spans: I64) -> EntryRun | None:
    """The alarm with the most movers that the entries known at t_ms make, if any.

    Only entries of the last five minutes count, of an agent only the latest, and at least one of
    the run must have become known at this very instant: an old run alarms once.

    Args:
        entries: of one team or pool, known up to t_ms.
        t_ms: the instant.
        spans: as `Limits.spans` gives them for the heads at this instant.
    """
    latest: dict[str, Entry] = {}
    for entry in entries:
        known = latest.get(entry.agent)
        if entry.entry_ms >= t_ms - SPAN_MAX_MS and (
            known is None or (known.entry_ms, known.at_ms) <= (entry.entry_ms, entry.at_ms)
        ):
            latest[entry.agent] = entry
    found = sorted(latest.values(), key=lambda entry: (entry.entry_ms, entry.agent))
    entry_ms = np.array([entry.entry_ms for entry in found], np.int64)
    news = np.cumsum([0, *(entry.at_ms == t_ms for entry in found)])
    # More movers than the table has are an alarm by its last span as well.
    for movers in range(min(len(found), len(spans)), ENTRIES_MIN - 1, -1):
        lengths = entry_ms[movers - 1 :] - entry_ms[: len(found) - movers + 1]
        hits = np.flatnonzero(
            (lengths <= spans[movers - 1]) & (news[movers:] > news[: len(found) - movers + 1])
        )
        if len(hits):
            run = found[hits[-1] : hits[-1] + movers]
            return EntryRun(
                tuple(entry.agent for entry in run),
                tuple(entry.team for entry in run),
                run[0].entry_ms,
                run[-1].entry_ms,
                int(spans[movers - 1]),
            )
    return None


@dataclass(frozen=True, slots=True)
class EntryLog:
    """Entries of all teams that may still count, as columns of length E, in order known."""

    at_ms: I64
    entry_ms: I64
    agent: I64
    """Number of the agent's name."""
    team: I64

    @staticmethod
    def none() -> "EntryLog":
        """No entries."""
        empty = np.zeros(0, np.int64)
        return EntryLog(empty, empty, empty, empty)

    def __len__(self) -> int:
        return len(self.at_ms)

    def take(self, place: I64 | Bool) -> "EntryLog":
        """Some of them."""
        return EntryLog(
            self.at_ms[place], self.entry_ms[place], self.agent[place], self.team[place]
        )

    def followed_by(self, more: "EntryLog") -> "EntryLog":
        """These, then more."""
        if not len(more):
            return self
        return EntryLog(
            np.concatenate([self.at_ms, more.at_ms]),
            np.concatenate([self.entry_ms, more.entry_ms]),
            np.concatenate([self.agent, more.agent]),
            np.concatenate([self.team, more.team]),
        )


def run_candidates(
    entries: EntryLog,
    new: int,
    group: I64,
    heads: I64,
    resolution_ms: I64,
    limits: Limits,
) -> set[int]:
    """Groups in which `find_run` may find a run: all in which it does, and a few others.

    Here an agent counts as often as it entered, and `heads` is the least n of the group.

    Args:
        entries: old ones, then new ones.
        new: how many are new.
        group: (E,) team or pool of each entry.
        heads: by group.
        resolution_ms: by group.
        limits: the limits.
    """
    if not new:
        return set()
    is_touched = np.zeros(len(heads), np.bool_)
    is_touched[group[-new:]] = True
    touched = np.flatnonzero(is_touched)
    place = np.flatnonzero(is_touched[group])
    place = place[np.lexsort((entries.entry_ms[place], group[place]))]
    entry_ms, sorted_group = entries.entry_ms[place], group[place]
    start = np.searchsorted(sorted_group, touched)
    lengths = np.diff(np.append(start, len(place)))
    width = int(lengths.max())
    if width < ENTRIES_MIN:
        return set()
    spans = np.full((len(touched), width), -1, np.int64)
    for number_of, number in enumerate(touched.tolist()):
        table = limits.spans(max(int(heads[number]), 5), int(resolution_ms[number]))[:width]
        spans[number_of, : len(table)] = table
    row = np.repeat(np.arange(len(touched)), lengths)
    late = bool((entries.entry_ms[-new:] != entries.at_ms[-new:]).any())
    last = np.arange(len(place)) if late else np.flatnonzero(place >= len(group) - new)
    back = last[:, None] - np.arange(width)
    inside = back >= start[row[last]][:, None]
    length = entry_ms[last][:, None] - entry_ms[np.maximum(back, 0)]
    hit = (inside & (length <= spans[row[last]])).any(axis=1)
    return set(sorted_group[last[hit]].tolist())
