"""What a valid configuration leaves out, and what Floorwatch can then never report."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from stream.config.settings import Settings
from stream.roster import Roster
from stream.spec import ANY, Spec

_NAMED: Final = 5
"""How many pools or teams a warning names."""
_WITHOUT_PEAK: Final = (
    "a walk-out there (share, collective) never pages or nudges anybody, it is only recorded"
)
_WITHOUT_SHIFT: Final = (
    "the window `shift` is the local day, people who leave at the end of their shift count as "
    "movers, and a state that nobody ends counts until its pool closes, or for 12 hours"
)
_WITHOUT_HOURS: Final = (
    "nobody being logged in is never reported (cover) unless a call waits, and a silent source "
    "alarms at night too"
)


def warnings(settings: Settings, roster: Roster, now_ms: int) -> list[str]:
    """Warnings about a valid configuration, a line each.

    Args:
        settings: of the configuration.
        roster: of which those count who belong to a team now or later.
        now_ms: since 1970.
    """
    return [*event_clock_warnings(settings), *_calendar_warnings(settings.spec, roster, now_ms)]


def event_clock_warnings(settings: Settings) -> list[str]:
    """A warning where sinks are configured that the event clock never notifies."""
    if settings.control.clock != "event" or not settings.sink:
        return []
    warning = (
        f'control.clock = "event": none of the {len(settings.sink)} sinks is ever notified, since '
        'the worker is never live; for alerts write clock = "live"'
    )
    return [warning]


def _calendar_warnings(spec: Spec, roster: Roster, now_ms: int) -> Iterator[str]:
    lines = chain.from_iterable(roster.assignments.values())
    teams = {line.team for line in lines if line.to_ms > now_ms}
    pools = {roster.pool_of(team) for team in teams} | {pool.name for pool in spec.pools} - {ANY}
    yield from _missing("[[peak]]", "pools", (one.pool for one in spec.peaks), pools, _WITHOUT_PEAK)
    shifts = (one.team for one in spec.shifts)
    yield from _missing("[[shift]]", "teams", shifts, teams, _WITHOUT_SHIFT)
    opened = (one.name for one in spec.pools if one.open)
    yield from _missing("opening hours ([[pool]] open)", "pools", opened, pools, _WITHOUT_HOURS)


def _missing(
    what: str, of: str, given: Iterable[str], known: set[str], consequence: str
) -> Iterator[str]:
    """A warning if nobody has what is asked for, or if some of those that are known have not."""
    having = set(given)
    lacking = sorted(known - having)
    if not having:
        yield f"no {what}: {consequence}"
    elif ANY not in having and lacking:
        more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
        yield f"no {what} for the {of} {', '.join(lacking[:_NAMED])}{more}: {consequence}"
