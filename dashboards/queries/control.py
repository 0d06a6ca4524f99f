"""States and statistics of detectors, and peaks."""

from dashboards.model import Query, Unit
from dashboards.queries.queue import PEAK
from dashboards.queries.scope import POOL, TEAM, code, pool, team

STATISTIC = Query(
    "statistic",
    team("team_control_statistic", "detector"),
    Unit.number,
    (*TEAM, "detector"),
    sparse=True,
)
LIMIT = Query(
    "limit", team("team_control_limit", "detector"), Unit.number, (*TEAM, "detector"), sparse=True
)
SHARE_STATE = Query("share", code("team", "share"), Unit.number, TEAM)
COLLECTIVE_STATE = Query("collective", code("team", "collective"), Unit.number, TEAM)
COVER_STATE = Query("cover", code("pool", "cover"), Unit.number, POOL)


def _raised(level: str, place: tuple[str, ...]) -> Query:
    """The most severe active alert."""
    read = {"team": team, "pool": pool}[level]
    by_severity = " or ".join(
        f"{rank} * " + read(f"{level}_alert", "detector", where=f'severity="{severity}"') + " > 0"
        for rank, severity in ((3, "page"), (2, "nudge"), (1, "digest"))
    )
    labels = (*place, "detector")
    expr = f"max by ({', '.join(labels)}) ({by_severity})"
    return Query(f"raised alerts of {level}s", expr, Unit.number, labels, sparse=True)


RAISED = _raised("team", TEAM)
RAISED_OF_POOL = _raised("pool", POOL)
IN_PEAK = Query("in a peak", f"{PEAK.expr} > 0", Unit.number, POOL, sparse=True)
