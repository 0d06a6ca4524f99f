"""The limits of rows that were stored before limits were stored with them."""

import numpy as np

from stream.events.language import I64
from stream.units import NEVER_MS
from stream.windows.engine import Engine
from stream.windows.packing import Pieces


def limits_before_4(engine: Engine, pieces: Pieces) -> I64:
    """Limits of the rows in a block of agents; formats before 4 stored those of open ones alone.

    Closed rows have been rendered by what those versions believed: that a day ends with the first
    shift end, however soon, and without shifts never.
    """
    sources = engine.sources
    seat, source = (pieces[f"row_{name}"].astype(np.int64) for name in ("seat", "source"))
    state, ts_ms = pieces["row_state"], pieces["row_ts_ms"]
    limit_ms: I64 = np.minimum(ts_ms + sources.limit_ms[source, state], NEVER_MS)
    by_day = np.flatnonzero(sources.ends_with_day[source, state])
    end_ms = engine.calendars.shift_end(seat[by_day], ts_ms[by_day])
    slack_ms = sources.shift_slack_ms[source[by_day]]
    limit_ms[by_day] = np.minimum(end_ms + slack_ms, NEVER_MS)
    size = pieces["size"]
    limit_ms[(np.cumsum(size) - 1)[size > 0]] = pieces["limit_ms"][size > 0]
    return limit_ms
