"""Cover: is anybody there? Judged per pool, at any number of heads, and never gated.

It asks two questions. Within opening hours, where they are known: is nobody staffed, for 60 s?
And at any hour: is nobody serving for 30 s while the oldest call has waited more than 20 s? A
caller who still waits after closing time is a caller.

An agent who is `unknown` is not staffed: one who forgot to log off yesterday must not hide that
nobody came today. While a source of the pool is silent nothing is raised and nothing cleared,
and a pool of which no agent was ever seen is not judged.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from stream.control import lifecycle
from stream.control.gate import LONG_WAIT_MS
from stream.control.heads import unpack
from stream.control.hours import Hours
from stream.control.lifecycle import NO_EPISODE, Episode, Step
from stream.control.model import Severity
from stream.control.people import Course
from stream.units import NEVER_MS, SECOND_MS

COVER: Final = "cover"
UNSTAFFED_MS: Final = 60 * SECOND_MS
UNSERVED_MS: Final = 30 * SECOND_MS


@dataclass(frozen=True, slots=True)
class CoverState:
    """How a pool's cover stands; NEVER_MS: it is not so."""

    unstaffed_ms: int = NEVER_MS
    """Since when nobody is staffed within opening hours."""
    unserved_ms: int = NEVER_MS
    """Since when nobody is serving."""
    episode: Episode = NO_EPISODE


class CoverFound(NamedTuple):
    """A step in the life of a cover alert, and what was found at its instant."""

    at_ms: int
    step: Step
    staffed: int
    serving: int
    unstaffed_ms: int
    """Since when nobody is staffed within opening hours; NEVER_MS: it is not so."""
    unserved_ms: int
    """Since when nobody is serving; NEVER_MS: it is not so."""


@dataclass(frozen=True, slots=True)
class Pool:
    """What cover depends on in [from_ms, until_ms)."""

    from_ms: int
    until_ms: int
    heads: Course
    """Packed counts `stream.control.heads.POOL`."""
    oldest_since_ms: Course
    """When the oldest waiting call was offered; NEVER_MS if none waits."""
    stale: Course
    known_ms: int
    """Since when any agent of the pool is known; NEVER_MS: none is."""
    open: Hours | None
    name: Callable[[str, int], str]


def judge(pool: Pool, state: CoverState) -> tuple[CoverState, list[CoverFound], int]:
    """Judge each instant at which anything may change; also when that is next without events."""
    found: list[CoverFound] = []
    instants = _instants(pool)
    place = 0
    t_ms = pool.from_ms
    due_ms = t_ms
    while True:
        planned = instants[place] if place < len(instants) else NEVER_MS
        t_ms = min(planned, due_ms)
        if t_ms >= pool.until_ms:
            return state, found, min(due_ms, _next_edge(pool, pool.until_ms))
        place += planned == t_ms
        state, now = _judge_instant(pool, state, t_ms)
        found += now
        due_ms = _due_ms(pool, state, t_ms)


def _instants(pool: Pool) -> Sequence[int]:
    known = {pool.from_ms, pool.known_ms}
    for course in (pool.heads, pool.oldest_since_ms, pool.stale):
        known.update(course.at_ms[1:])
    if pool.open is not None:
        known.update(pool.open.edges(pool.from_ms, pool.until_ms))
    return sorted(t for t in known if pool.from_ms <= t < pool.until_ms)


def _judge_instant(pool: Pool, state: CoverState, t_ms: int) -> tuple[CoverState, list[CoverFound]]:
    staffed, serving, _free = unpack(pool.heads.at(t_ms))
    seen = not pool.stale.at(t_ms) and pool.known_ms <= t_ms
    waited_long = is_long(pool.oldest_since_ms.at(t_ms), t_ms)
    is_open = pool.open is not None and pool.open.contains(t_ms)
    unstaffed = min(state.unstaffed_ms, t_ms) if seen and is_open and not staffed else NEVER_MS
    unserved = min(state.unserved_ms, t_ms) if seen and not serving else NEVER_MS
    alarm = t_ms - unstaffed >= UNSTAFFED_MS or (waited_long and t_ms - unserved >= UNSERVED_MS)
    bad = unstaffed < NEVER_MS or (unserved < NEVER_MS and waited_long)
    episode, steps = lifecycle.advance(
        state.episode,
        t_ms,
        {COVER: True} if alarm else {},
        calm=seen and not bad,
        loudness=lambda _page_limit: Severity.page,
        name=lambda detector: pool.name(detector, t_ms),
    )
    return CoverState(unstaffed, unserved, episode), [
        CoverFound(t_ms, step, staffed, serving, unstaffed, unserved) for step in steps
    ]


def is_long(oldest_since_ms: int, t_ms: int) -> bool:
    """Whether the oldest call, offered at an instant, has waited more than 20 s."""
    return oldest_since_ms < NEVER_MS and t_ms - oldest_since_ms > LONG_WAIT_MS


def _due_ms(pool: Pool, state: CoverState, t_ms: int) -> int:
    """The first instant after t_ms at which a wait becomes long or a dwell ends."""
    since = pool.oldest_since_ms.at(t_ms)
    long_ms = since + LONG_WAIT_MS + 1
    due = [state.episode.clear_ms]
    if state.unstaffed_ms < NEVER_MS:
        due.append(state.unstaffed_ms + UNSTAFFED_MS)
    if state.unserved_ms < NEVER_MS and since < NEVER_MS:
        due += [long_ms, max(long_ms, state.unserved_ms + UNSERVED_MS)]
    return min((t for t in due if t > t_ms), default=NEVER_MS)


def _next_edge(pool: Pool, t_ms: int) -> int:
    """When opening hours begin or end while nobody is staffed."""
    staffed, _, _ = unpack(pool.heads.at(t_ms))
    if pool.open is None or staffed:
        return NEVER_MS
    return pool.open.next_edge(t_ms - 1)
