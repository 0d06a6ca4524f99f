"""The detectors of teams and of pools, in the order in which they are evaluated and shown.

A new one is a file of the shape in `detectors.protocol`, and its line in one of these lists, or in
both: CONTRIBUTING.md ("Write a detector") has a whole one.
"""

from typing import Any, Final

from stream.control.alerts.texts import TEXTS
from stream.control.detectors.collective import Collective
from stream.control.detectors.cover import Cover
from stream.control.detectors.protocol import AlertGroup, Detector
from stream.control.detectors.share import Share
from stream.control.model import Scope

TAKEN: Final = frozenset({"verdict", "people", "gate", "amber", "jumps", "entries"})
"""These names mean something else in views or the stored state."""

Detectors = tuple[Detector[Any], ...]


def checked(*found: Detector[Any]) -> Detectors:
    """Detectors whose names and texts are their own.

    Raises:
        ValueError: a name or a key of a text is taken, a language or a text of it is missing, or
            detectors of one group read different heads.
    """
    for place, one in enumerate(found):
        if one.name in TAKEN or one.name in {other.name for other in found[:place]}:
            msg = f"detector '{one.name}': the name is taken; allowed: any but {sorted(TAKEN)}"
            raise ValueError(msg)
        keys = {frozenset(texts) for texts in one.texts.values()}
        if one.texts.keys() != TEXTS.keys() or len(keys) != 1:
            msg = f"detector '{one.name}': it must have the same texts in each of {sorted(TEXTS)}"
            raise ValueError(msg)
        clash = sorted(key for texts in TEXTS.values() for key in texts if key in min(keys))
        if clash:
            msg = f"detector '{one.name}': texts.py has a text '{clash[0]}'; choose another key"
            raise ValueError(msg)
        if any(one.counts is not other.counts for other in found if other.group == one.group):
            msg = f"detector '{one.name}': all of group '{one.group.name}' must have its counts"
            raise ValueError(msg)
    return found


POOL_DETECTORS: Final[Detectors] = checked(Cover(), Collective())
TEAM_DETECTORS: Final[Detectors] = checked(Share(), Collective())


def of(scope: Scope) -> Detectors:
    """The detectors of teams, or of pools."""
    return POOL_DETECTORS if scope is Scope.pool else TEAM_DETECTORS


def groups_of(scope: Scope) -> list[tuple[AlertGroup, Detectors]]:
    """The alert groups of teams or pools with their detectors, in the order of the list."""
    found: dict[AlertGroup, Detectors] = {}
    for detector in of(scope):
        found[detector.group] = (*found.get(detector.group, ()), detector)
    return list(found.items())


def named(name: str) -> Detector[Any]:
    """The detector of a name.

    Raises:
        KeyError: there is none.
    """
    for detector in (*POOL_DETECTORS, *TEAM_DETECTORS):
        if detector.name == name:
            return detector
    raise KeyError(name)
