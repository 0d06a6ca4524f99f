"""Suppression: what holds the alarms of a detector in a team back, or exempts heads and entries.

A new one is a class as the protocol says, and its lines in `of_team`. What is held back is applied
by the alert group, for the detectors that declare it; what is exempt by
`stream.control.evaluation.counted`, for all. CONTRIBUTING.md ("Exempt heads from alarms") adds one.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

import numpy as np

from stream.calendar.hours import HoursLookup
from stream.control.detectors.protocol import Hold
from stream.control.head_counts import HeadCounts, first
from stream.ids import TeamKey
from stream.units import MINUTE_MS, NEVER_MS

JUMP_WINDOW_MS: Final = 5 * MINUTE_MS
JUMP_HOLD_MS: Final = 2 * MINUTE_MS


class Suppression(Protocol):
    """What suppresses alarms of one team during some spans of time."""

    @property
    def exempts(self) -> bool:
        """Whether it ever exempts anybody; otherwise it is not asked for heads and entries."""

    def exempt_heads(self, t_ms: int) -> int:
        """Heads that do not count at an instant: they are taken from k, of the pool as well."""

    def exempts_entry(self, agent: str, entry_ms: int) -> bool:
        """Whether an agent's entry at an instant does not count, in the team and in its pool.

        Asked once for each entry, in the order in which they become known.
        """

    def holds(self, t_ms: int) -> bool:
        """Whether alarms are held back at an instant."""

    def bounds(self, from_ms: int, until_ms: int) -> list[int]:
        """Instants in [from_ms, until_ms) at which heads that are exempt, or a hold, may change."""

    def next_bound(self, t_ms: int) -> int:
        """The first such instant strictly after t_ms; NEVER_MS: none."""


def of_team(hours: HoursLookup, key: TeamKey) -> list[tuple[Hold | None, Suppression]]:
    """What the configuration says of a team; None: it holds nothing back, it only exempts."""
    found: list[tuple[Hold | None, Suppression]] = []
    edges = hours.shift_edges(key)
    if edges:
        found.append((Hold.shift_edges, edges))
    return found


class Suppressions:
    """All that holds back alarms of one detector in one team."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Sequence[Suppression] = ()) -> None:
        self._parts = parts

    def holds(self, t_ms: int) -> bool:
        """Whether any of them holds alarms back at an instant."""
        return any(part.holds(t_ms) for part in self._parts)

    def bounds(self, from_ms: int, until_ms: int) -> list[int]:
        """Instants in [from_ms, until_ms) at which any of them may change."""
        return [bound for part in self._parts for bound in part.bounds(from_ms, until_ms)]

    def release_ms(self, t_ms: int) -> int:
        """The first bound strictly after t_ms of those that hold; NEVER_MS: none holds."""
        held = (part.next_bound(t_ms) for part in self._parts if part.holds(t_ms))
        return min(held, default=NEVER_MS)


NO_SUPPRESSIONS: Final = Suppressions()


class JumpHolds:
    """Share is held for two minutes after each jump of n: so many logins are no walk-out.

    Args:
        jumps: instants of the jumps, rising.
    """

    __slots__ = ("_jumps",)
    exempts: Final = False

    def __init__(self, jumps: Sequence[int]) -> None:
        self._jumps = jumps

    def exempt_heads(self, _t_ms: int) -> int:
        """None."""
        return 0

    def exempts_entry(self, _agent: str, _entry_ms: int) -> bool:
        """Never."""
        return False

    def holds(self, t_ms: int) -> bool:
        """Whether n jumped within the last two minutes."""
        return self._release_ms(t_ms) > t_ms

    def bounds(self, from_ms: int, until_ms: int) -> list[int]:
        """Jumps, and the ends of their holds."""
        ends = [jump + JUMP_HOLD_MS for jump in self._jumps]
        return [t for t in (*self._jumps, *ends) if from_ms <= t < until_ms]

    def next_bound(self, t_ms: int) -> int:
        """The end of the hold, or else the next jump."""
        release_ms = self._release_ms(t_ms)
        if release_ms > t_ms:
            return release_ms
        place = bisect_right(self._jumps, t_ms)
        return self._jumps[place] if place < len(self._jumps) else NEVER_MS

    def _release_ms(self, t_ms: int) -> int:
        place = bisect_right(self._jumps, t_ms)
        return self._jumps[place - 1] + JUMP_HOLD_MS if place else t_ms


class Jumps:
    """Finds jumps of n: by more than 30 % of a value that it had in the last five minutes.

    Compared are the new n and every n that was in force within [t - 5 min, t). So a slow change
    is none, and ten logins one by one within five minutes are.
    """

    __slots__ = ("high", "low", "until_ms")

    def __init__(
        self,
        low: Iterable[tuple[int, int]] = (),
        high: Iterable[tuple[int, int]] = (),
        until_ms: int = 0,
    ) -> None:
        # The candidates for least and greatest: instant until which n had the value, value.
        self.low = deque(low)
        self.high = deque(high)
        self.until_ms = until_ms
        """End of the last hold."""

    def update(self, t_ms: int, before: int, after: int) -> bool:
        """Follow a change of n; whether it is a jump, so that share is held from here on."""
        while self.low and self.low[0][0] <= t_ms - JUMP_WINDOW_MS:
            self.low.popleft()
        while self.high and self.high[0][0] <= t_ms - JUMP_WINDOW_MS:
            self.high.popleft()
        while self.low and self.low[-1][1] >= before:
            self.low.pop()
        while self.high and self.high[-1][1] <= before:
            self.high.pop()
        self.low.append((t_ms, before))
        self.high.append((t_ms, before))
        jump = 10 * after > 13 * self.low[0][1] or 10 * after < 7 * self.high[0][1]
        if jump:
            self.until_ms = t_ms + JUMP_HOLD_MS
        return jump

    def is_over(self, t_ms: int) -> bool:
        """Whether nothing in here matters any more."""
        last_ms = self.low[-1][0] if self.low else -JUMP_WINDOW_MS
        return t_ms >= self.until_ms and last_ms <= t_ms - JUMP_WINDOW_MS


def update_jumps(jumps: dict[int, Jumps], heads: HeadCounts) -> Mapping[int, Sequence[int]]:
    """By team the instants at which n jumped, the last one before this feed too.

    Args:
        jumps: by team, brought to the end of this feed.
        heads: of all teams; the first count is n.
    """
    series = heads.series
    found = {team: [j.until_ms - JUMP_HOLD_MS] for team, j in jumps.items() if j.until_ms}
    if not len(series.group):
        return found
    before, after = first(series.before(heads.base)), first(series.packed)
    changed = np.flatnonzero(before != after)
    rows = zip(
        series.group[changed].tolist(),
        series.at_ms[changed].tolist(),
        before[changed].tolist(),
        after[changed].tolist(),
        strict=True,
    )
    for team, at_ms, old, new in rows:
        known = jumps.get(team)
        if known is None:
            known = jumps[team] = Jumps()
        if known.update(at_ms, old, new):
            found.setdefault(team, []).append(at_ms)
    return found
