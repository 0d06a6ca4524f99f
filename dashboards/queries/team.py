"""What a team does: heads, ratios, evenness, handling time."""

from dashboards.model import Query, Unit
from dashboards.queries.scope import (
    POOL,
    STAFFED_STATES,
    TEAM,
    code,
    heads,
    ratio_of_pools,
    team,
    windowed,
)

VERDICT = Query("verdict", code("team", "verdict"), Unit.number, TEAM)
AUX_HEADS = Query("on break", team("team_agents", where='state="aux"'), Unit.number, TEAM)
STAFFED_HEADS = Query("staffed of the team", heads(STAFFED_STATES, TEAM), Unit.number, TEAM)
AUX_SHARE = Query(
    "share on break",
    f"{AUX_HEADS.expr} / ({STAFFED_HEADS.expr} > 0)",
    Unit.share,
    TEAM,
    sparse=True,
)
HEADS = Query(
    "heads by state of the team",
    team("team_agents", "state", where='state!="offline"'),
    Unit.number,
    (*TEAM, "state"),
)
SIXTH_OF_HEADS = Query("a sixth", f"{STAFFED_HEADS.expr} / 6", Unit.number, TEAM)
SHARE_LIMIT = Query(
    "page limit",
    team("team_control_limit", where='detector="share"'),
    Unit.number,
    TEAM,
    sparse=True,
)
AGE = Query("age", f"time() - {team('team_as_of_timestamp_seconds')}", Unit.seconds, TEAM)
WINDOW = Query("true length", windowed("team_window_seconds"), Unit.clock, TEAM)


def _ratio(name: str) -> Query:
    text = name.replace("_", " ")
    return Query(text, windowed(f"team_{name}_ratio"), Unit.share, TEAM, sparse=True)


TALK = _ratio("talk_utilisation")
AUX = _ratio("aux_rate")
OCCUPANCY = _ratio("occupancy")
SLACK = _ratio("slack_rate")
TALK_60M = Query(
    "talk utilisation, 60m",
    team("team_talk_utilisation_ratio", where='window="60m"'),
    Unit.share,
    TEAM,
    sparse=True,
)
TALK_OF_POOL = Query(
    "talk utilisation of the pool",
    ratio_of_pools("talk_utilisation"),
    Unit.share,
    POOL,
    sparse=True,
)
AUX_OF_POOL = Query(
    "aux rate of the pool", ratio_of_pools("aux_rate"), Unit.share, POOL, sparse=True
)
PAID_TIME = Query(
    "parts of paid time",
    "sum by (state) ("
    + windowed("team_state_seconds", "state", where='state!~"meal|unknown|offline"')
    + ") / on () group_left () (sum("
    + windowed("team_state_seconds", "state", where='state!~"meal|unknown|offline"')
    + ") > 0)",
    Unit.share,
    ("state",),
    sparse=True,
)
RAW_CV = Query(
    "raw CV between members",
    windowed("team_dispersion_cv", "figure", where='figure=~"aux_rate|talk_utilisation"'),
    Unit.number,
    (*TEAM, "figure"),
    sparse=True,
)
MEMBERS = Query(
    "eligible members",
    windowed("team_members", where='figure="aux_rate"'),
    Unit.number,
    TEAM,
)
MEMBER_MEAN = Query(
    "mean over members",
    windowed("team_member_mean_ratio", where='figure="aux_rate"'),
    Unit.share,
    TEAM,
    sparse=True,
)
MEMBER_SD = Query(
    "standard deviation over members",
    windowed("team_member_sd_ratio", where='figure="aux_rate"'),
    Unit.share,
    TEAM,
    sparse=True,
)
HANDLE_PARTS = Query(
    "handle time by part",
    f"{windowed('team_handle_time_seconds', 'part')} / on (floor, pool, team) group_left ()"
    f" ({windowed('team_handled_calls')} > 0)",
    Unit.seconds,
    (*TEAM, "part"),
    sparse=True,
)
HANDLE = Query(
    "handle time",
    f"sum by (floor, pool, team) ({windowed('team_handle_time_seconds', 'part')})"
    f" / ({windowed('team_handled_calls')} > 0)",
    Unit.seconds,
    TEAM,
    sparse=True,
)
HANDLED = Query("handled", windowed("team_handled_calls"), Unit.number, TEAM)
SHORT = Query(
    "short of handled",
    f"{windowed('team_short_calls')} / ({HANDLED.expr} > 0)",
    Unit.share,
    TEAM,
    sparse=True,
)
