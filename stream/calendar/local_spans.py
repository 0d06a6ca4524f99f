"""Spans of local time of day: how they are written, and their instants on given days."""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from stream.events.language import I64
from stream.spec import LocalSpan
from stream.units import DAY_MS, MINUTE_MS

_DAY_MIN: Final = 24 * 60
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


def parse_local_span(text: str) -> LocalSpan:
    """Parse a span of local time such as ``08:00-16:00``; ``22:00-06:00`` crosses midnight.

    Raises:
        ValueError: the text is not a span; the message says what is allowed.
    """
    match = _SPAN.fullmatch(text)
    if match is not None:
        start = int(match[1]) * 60 + int(match[2])
        end = int(match[3]) * 60 + int(match[4])
        if start < _DAY_MIN and end <= _DAY_MIN:
            return LocalSpan(start, end % _DAY_MIN)
    msg = (
        f"'{text}' is no span of local time; write HH:MM-HH:MM from 00:00 to 23:59 or 24:00, "
        "such as '08:00-16:00' or '22:00-06:00'"
    )
    raise ValueError(msg)


def instants_of(spans: Sequence[LocalSpan], days: I64) -> tuple[I64, I64]:
    """Local starts and ends, in milliseconds, of S spans on D days (since 1970): each (D * S,).

    An end at or before its start is on the next day, so 00:00 as an end is midnight.
    """
    starts = np.array([span.start_min for span in spans], np.int64)
    ends = np.array([span.end_min for span in spans], np.int64)
    ends = np.where(ends <= starts, ends + _DAY_MIN, ends)
    midnights = days[:, None] * DAY_MS
    return (midnights + starts * MINUTE_MS).ravel(), (midnights + ends * MINUTE_MS).ravel()


def closings(opening: Sequence[LocalSpan]) -> tuple[LocalSpan, ...]:
    """Spans whose end closes: none begins there, so 00:00-24:00 never does."""
    begins = {span.start_min for span in opening}
    return tuple(span for span in opening if span.end_min % _DAY_MIN not in begins)


def merged(starts: I64, ends: I64) -> tuple[I64, I64]:
    """Sort half-open intervals and merge those that overlap or touch; returns copies."""
    if len(starts) == 0:
        return starts.copy(), ends.copy()
    order = np.argsort(starts, kind="stable")
    starts, reach = starts[order], np.maximum.accumulate(ends[order])
    apart = np.flatnonzero(starts[1:] > reach[:-1])
    return starts[np.append(0, apart + 1)], reach[np.append(apart, len(reach) - 1)]
