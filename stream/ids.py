"""Names of teams and pools, as keys."""

from typing import NamedTuple


class TeamKey(NamedTuple):
    """A team by name."""

    floor: str
    pool: str
    team: str


class PoolKey(NamedTuple):
    """A pool by name."""

    floor: str
    pool: str
