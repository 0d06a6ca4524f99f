"""The detectors of pools and those of teams, in the order in which they are judged and shown.

A new one is a file of the shape in `detectors.protocol`, and its place in one of these lists, or in
both. People alerts (share and collective) are no part of them: they share one episode and one gate.
"""

from typing import Any, Final

from stream.control.alerts.texts import TEXTS
from stream.control.detectors.cover import Cover
from stream.control.detectors.protocol import Detector

TAKEN: Final = frozenset(
    {"share", "collective", "verdict", "people", "gate", "amber", "jumps", "entries"}
)
"""These names mean something else in views or the stored state."""

Detectors = tuple[Detector[Any], ...]


def checked(*found: Detector[Any]) -> Detectors:
    """Detectors whose names and texts are their own.

    Raises:
        ValueError: a name or a key of a text is taken, or a language or a text of it is missing.
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
    return found


POOL_DETECTORS: Final[Detectors] = checked(Cover())
TEAM_DETECTORS: Final[Detectors] = checked()


def of(*, is_pool: bool) -> Detectors:
    """The detectors of pools, or of teams."""
    return POOL_DETECTORS if is_pool else TEAM_DETECTORS


def named(name: str) -> Detector[Any] | None:
    """The detector of a name; None: share or collective."""
    every = (*POOL_DETECTORS, *TEAM_DETECTORS)
    return next((detector for detector in every if detector.name == name), None)
