"""What callers see and who serves them, by pool."""

from dashboards.model import Query, Unit
from dashboards.queries.scope import (
    POOL,
    SERVING_STATES,
    STAFFED_STATES,
    heads,
    pool,
    team,
    windowed,
)

WAITING = Query("waiting", pool("pool_waiting_calls"), Unit.number, POOL)
RINGING = Query("ringing", pool("pool_ringing_calls"), Unit.number, POOL)
OLDEST = Query("oldest wait", pool("pool_oldest_wait_seconds"), Unit.clock, POOL)
ESTIMATED = Query(
    "estimated wait", pool("pool_estimated_wait_seconds"), Unit.clock, POOL, sparse=True
)
IN_WINDOW = 'window="$window"'
OFFERED = Query("offered", pool("pool_offered_calls", where=IN_WINDOW), Unit.number, POOL)
ANSWERED = Query("answered", pool("pool_answered_calls", where=IN_WINDOW), Unit.number, POOL)
ABANDONED = Query("abandoned", pool("pool_abandoned_calls", where=IN_WINDOW), Unit.number, POOL)
SERVICE_LEVEL = Query(
    "service level",
    pool("pool_service_level_ratio", where=IN_WINDOW),
    Unit.share,
    POOL,
    sparse=True,
)
LOST = Query(
    # Of what ended, not of what was offered: who gives up may have come before the window.
    "abandoned of answered and abandoned",
    f"{ABANDONED.expr} / ({ANSWERED.expr} + {ABANDONED.expr} > 0)",
    Unit.share,
    POOL,
    sparse=True,
)
CALL_BACKS_OPEN = Query("call-backs open", pool("pool_call_backs_open"), Unit.number, POOL)
CALL_BACKS_OVERDUE = Query("call-backs overdue", pool("pool_call_backs_overdue"), Unit.number, POOL)
CALL_BACKS_PROMISED = Query(
    "call-backs promised", pool("pool_call_backs_promised", where=IN_WINDOW), Unit.number, POOL
)
CALL_BACKS_DONE = Query(
    "call-backs done", pool("pool_call_backs_done", where=IN_WINDOW), Unit.number, POOL
)
PEAK = Query("peak", pool("pool_peak"), Unit.number, POOL)
OPEN = Query("open", pool("pool_open"), Unit.number, POOL, sparse=True)
FREE = Query("free", heads("available", POOL), Unit.number, POOL)
SERVING = Query("serving", heads(SERVING_STATES, POOL), Unit.number, POOL)
STAFF = Query("staffed of the pool", heads(STAFFED_STATES, POOL), Unit.number, POOL)
STAFF_BY_STATE = Query(
    "heads by state",
    "sum by (state) (" + team("team_agents", "state", where='state!="offline"') + ")",
    Unit.number,
    ("state",),
)
HANDLE_OF_POOL = Query(
    "handle time of the pool",
    f"sum by (floor, pool) ({windowed('team_handle_time_seconds', 'part')})"
    f" / (sum by (floor, pool) ({windowed('team_handled_calls')}) > 0)",
    Unit.seconds,
    POOL,
    sparse=True,
)
