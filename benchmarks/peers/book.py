"""Time in state per team and minute with dictionaries, and where it stands in Redis.

One hash a team, ``bench:<floor>/<team>``, with a field ``<minute>:<state>`` in milliseconds, so
that a pipeline a second has one command for each team. Only closed intervals count.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

MINUTE_MS = 60_000
PREFIX = "bench:"

Team = tuple[str, str]
Cell = tuple[int, str]


class Book:
    """Milliseconds by (floor, team), minute and state; agents are told apart by floor and name."""

    def __init__(self) -> None:
        self.teams: dict[Team, dict[Cell, int]] = defaultdict(lambda: defaultdict(int))
        self.changed: dict[Team, set[Cell]] = defaultdict(set)
        self._last: dict[tuple[str, str], tuple[int, Team, str]] = {}

    def take(self, events: Iterable[dict[str, Any]]) -> None:
        """Take in events, in the order of time for each agent."""
        last, teams, changed = self._last, self.teams, self.changed
        for event in events:
            if event["type"] != "state":
                continue
            floor, end_ms = event["floor"], event["ts"]
            key = (floor, event["agent"])
            before = last.get(key)
            last[key] = (end_ms, (floor, event["team"]), event["state"])
            if before is None:
                continue
            start_ms, team, state = before
            cells, touched = teams[team], changed[team]
            minute = start_ms // MINUTE_MS
            while end_ms > (edge_ms := (minute + 1) * MINUTE_MS):
                cells[minute, state] += edge_ms - start_ms
                touched.add((minute, state))
                start_ms, minute = edge_ms, minute + 1
            if end_ms > start_ms:
                cells[minute, state] += end_ms - start_ms
                touched.add((minute, state))

    def flush(self, pipeline: Any) -> None:  # noqa: ANN401 - of redis, blocking or not
        """Put what changed since the last flush into a pipeline, a command for each team."""
        for team, touched in self.changed.items():
            cells = self.teams[team]
            flat: list[str | int] = []
            for minute, state in touched:
                flat += (f"{minute}:{state}", cells[minute, state])
            if flat:
                pipeline.execute_command("HSET", f"{PREFIX}{team[0]}/{team[1]}", *flat)
        self.changed.clear()
