"""The detectors of pools, in the order in which they are judged and shown.

A new one is a file of the shape in `stream.control.pool_detector`, and its place in this list.
People alerts (share and collective) are no part of it: they share one episode and one gate.
"""

from typing import Any, Final

from stream.control.cover import Cover
from stream.control.pool_detector import PoolDetector

POOL_DETECTORS: Final[tuple[PoolDetector[Any], ...]] = (Cover(),)


def named(name: str) -> PoolDetector[Any] | None:
    """The detector of a name; None: it is none of a pool's."""
    return next((detector for detector in POOL_DETECTORS if detector.name == name), None)
