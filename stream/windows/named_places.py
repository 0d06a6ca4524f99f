"""The teams and pools that the roster or the configuration names: they are there without events."""

from stream.roster import Roster
from stream.spec import ANY, Spec


class NamedPlaces:
    """Names of teams and pools, with their floor or for all floors.

    Args:
        spec: the configuration.
        roster: names teams and pools of all floors.
    """

    def __init__(self, spec: Spec, roster: Roster) -> None:
        assigned = {one.team for held in roster.assignments.values() for one in held}
        self._teams = {(ANY, team) for team in assigned | roster.pools.keys()}
        self._teams |= {(one.floor, one.team) for one in spec.shifts}
        self._pools = {(ANY, pool) for pool in roster.pools.values()}
        self._pools |= {(one.floor, one.name) for one in spec.pools}
        self._pools |= {(one.floor, one.pool) for one in spec.peaks}

    def has_team(self, floor: str, team: str) -> bool:
        """Whether a team is named."""
        return not self._teams.isdisjoint({(ANY, team), (floor, team)})

    def has_pool(self, floor: str, pool: str) -> bool:
        """Whether a pool is named."""
        return not self._pools.isdisjoint({(ANY, pool), (floor, pool)})
