"""Teams and pools of a shard by number, as what is published names them."""

from stream.events.names import Names
from stream.ids import PoolKey, TeamKey


class PlaceKeys:
    """The keys of a shard's teams and pools, which follow its names."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._teams: tuple[TeamKey, ...] = ()
        self._pools: tuple[PoolKey, ...] = ()

    def teams(self) -> tuple[TeamKey, ...]:
        """All teams by number."""
        known, names = len(self._teams), self._names
        if known != len(names.teams):
            pools = names.team_pool.data[known:].tolist()
            self._teams += tuple(
                TeamKey(floor, names.pools.keys[pool][1], team)
                for (floor, team), pool in zip(names.teams.keys[known:], pools, strict=True)
            )
        return self._teams

    def pools(self) -> tuple[PoolKey, ...]:
        """All pools by number."""
        known = len(self._pools)
        if known != len(self._names.pools):
            self._pools += tuple(PoolKey(*key) for key in self._names.pools.keys[known:])
        return self._pools
