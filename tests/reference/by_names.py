"""Everything that a shard says, as plain values by names, ready to be compared."""

from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

from stream.control.model import Transition
from stream.shard import Shard


def by_names(shard: Shard) -> dict[str, Any]:
    """All figures of a shard: equal shards give equal ones."""
    figures, tables = shard.figures(), shard.all_members()
    teams: dict[str, Any] = {}
    for row, key in enumerate(figures.teams.keys):
        teams["/".join(key)] = _columns(figures.teams, row) | {
            "seats": {
                member.agent: (member.state, member.since_ms, member.state_ms.tolist())
                for member in tables[key]
            }
        }
    pools = {"/".join(key): _columns(figures.pools, row)
             for row, key in enumerate(figures.pools.keys)}  # fmt: skip
    sources = {(one.floor, one.source): (one.watermark_ms, one.silent) for one in figures.sources}
    return {"as_of": figures.as_of_ms, "teams": teams, "pools": pools, "sources": sources}


def _columns(table: Any, row: int) -> dict[str, Any]:
    return {name: getattr(table, name)[row].tolist() for name in table.__slots__ if name != "keys"}


def views(shard: Shard) -> list[str]:
    """How the detectors stand; in which order depends on who was named first."""
    return sorted(repr(view) for view in shard.control.views())


def transitions_by_names(transitions: Sequence[Transition]) -> list[tuple[Any, ...]]:
    """Transitions without their evidence, in the order in which they were given."""
    return [
        (one.at_ms, one.floor, one.pool, one.team, one.detector, one.before.value, one.to.value,
         one.severity.value, one.notify, one.id)
        for one in transitions
    ]  # fmt: skip


def differing(first: Any, second: Any, path: str = "") -> list[str]:
    """Where two nested values differ; NaN equals NaN."""
    if not path and repr(first) == repr(second):
        return []
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        keys = sorted(set(first) | set(second), key=str)
        return [
            line
            for key in keys
            for line in differing(first.get(key), second.get(key), f"{path}/{key}")
        ]
    if isinstance(first, float) and isinstance(second, float) and isnan(first) and isnan(second):
        return []
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return [
            line
            for place, pair in enumerate(zip(first, second, strict=True))
            for line in differing(*pair, f"{path}[{place}]")
        ]
    return [] if first == second else [f"{path}: {first} != {second}"]


def same_transitions(one: Sequence[Any], other: Sequence[Any]) -> None:
    """Assert that both say the same in the same order."""
    only = [f"only the first: {each}" for each in one if each not in other]
    only += [f"only the second: {each}" for each in other if each not in one]
    assert one == other, "\n".join(only or ["another order", *map(str, one), *map(str, other)])
