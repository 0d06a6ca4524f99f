"""How series are chosen and summed: by the boards' variables, once for each team or pool.

`$floor`, `$pool`, `$team` and `$window` are the boards' variables. While floors move between
workers a team may be shown by two of them for a moment: hence `max by` before anything else. A
ratio over several teams is a sum over a sum, never a mean of ratios.
"""

from typing import Final

from dashboards.palette import VERDICTS
from stream.events.language import STAFFED, State
from stream.spec import RATIOS

POOL: Final = ("floor", "pool")
TEAM: Final = ("floor", "pool", "team")
IN_POOL: Final = 'floor=~"$floor", pool=~"$pool"'
IN_TEAM: Final = f'{IN_POOL}, team=~"$team"'
SERVING_STATES: Final = "available|ringing|dialing|talking|hold|acw"
STAFFED_STATES: Final = "|".join(state.name for state in sorted(STAFFED))
JOB: Final = 'job="floorwatch"'


def team(metric: str, *more: str, where: str = "") -> str:
    """A metric of teams, once for each team and further label."""
    labels = ", ".join((*TEAM, *more))
    within = f"{IN_TEAM}, {where}" if where else IN_TEAM
    return f"max by ({labels}) (floorwatch_{metric}{{{within}}})"


def pool(metric: str, *more: str, where: str = "") -> str:
    """A metric of pools, once for each pool and further label."""
    labels = ", ".join((*POOL, *more))
    within = f"{IN_POOL}, {where}" if where else IN_POOL
    return f"max by ({labels}) (floorwatch_{metric}{{{within}}})"


def heads(states: str, by: tuple[str, ...]) -> str:
    """Heads in some states, summed over what is not named."""
    heads = team("team_agents", "state", where=f'state=~"{states}"')
    return f"sum by ({', '.join(by)}) ({heads})"


def windowed(metric: str, *more: str, where: str = "") -> str:
    """A metric of teams in the chosen window."""
    window = 'window="$window"'
    return team(metric, *more, where=f"{where}, {window}" if where else window)


def code(kind: str, detector: str) -> str:
    """The state of a detector as a number, the most pressing the greatest."""
    read = team if kind == "team" else pool

    def is_active(state: str) -> str:
        return read(f"{kind}_control_state", where=f'detector="{detector}", state="{state}"')

    # Not a sum: two workers that show a team for a moment may not agree.
    terms = [
        f"{code} * {is_active(state)} > 0"
        for code, (state, _) in sorted(VERDICTS.items(), reverse=True)
        if code
    ]
    return " or ".join([*terms, f"0 * {is_active(VERDICTS[0][0])}"])


def ratio_of_pools(name: str, by: tuple[str, ...] = POOL) -> str:
    """A ratio over all teams of a pool."""
    [ratio] = [one for one in RATIOS if one.name == name]

    def seconds(states: frozenset[State]) -> str:
        listed = "|".join(state.name for state in sorted(states))
        time = windowed("team_state_seconds", "state", where=f'state=~"{listed}"')
        return f"sum by ({', '.join(by)}) ({time})"

    return f"{seconds(ratio.numerator)} / ({seconds(ratio.denominator)} > 0)"
