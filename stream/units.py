"""Time and its units: integer milliseconds inside, text only at the edges."""

import re
from datetime import UTC, datetime
from typing import Final

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 86_400_000

EARLIEST_MS: Final = 631_152_000_000
"""1990-01-01T00:00:00Z: no call centre has older events, and an epoch in seconds is before it."""
LATEST_MS: Final = 4_102_444_800_000
"""2100-01-01T00:00:00Z: an epoch in microseconds is beyond it."""
NEVER_MS: Final = 2**62
"""In place of an instant that never comes: after all others; adding a day cannot overflow int64."""

_DURATION = re.compile(r"(\d+)(ms|s|m|h|d)")
_UNIT_MS = {"ms": 1, "s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}


def parse_duration_ms(text: str) -> int:
    """Milliseconds of a duration such as ``90s``, ``15m`` or ``8h``.

    Raises:
        ValueError: the text is not an integer followed by ms, s, m, h or d.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        msg = f"'{text}' is no duration; write a whole number and ms, s, m, h or d, such as '90s'"
        raise ValueError(msg)
    return int(match[1]) * _UNIT_MS[match[2]]


def parse_instant_ms(text: str) -> int:
    """Milliseconds since 1970 of an instant such as ``2026-03-02T08:00:00+08:00``.

    Raises:
        ValueError: the text is not RFC 3339 with an offset.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        msg = f"'{text}'; allowed: RFC 3339 with an offset, as 2026-03-02T08:00:00+08:00"
        raise ValueError(msg)
    return round(moment.timestamp() * 1_000)


def rfc3339(t_ms: int) -> str:
    """An instant as RFC 3339 in UTC with milliseconds: ``2026-03-02T10:43:12.000Z``."""
    whole = datetime.fromtimestamp(t_ms // 1_000, tz=UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{t_ms % 1_000:03d}Z"
