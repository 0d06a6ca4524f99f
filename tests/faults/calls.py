"""The expected figures of calls: sums by minute, and the last moment evaluated call by call."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from stream.figures.model import WINDOWS
from stream.spec import WindowSpec
from stream.units import DAY_MS, HOUR_MS, MINUTE_MS
from tests.faults.lateness import Gap

Place = tuple[str, str]
"""Floor, and team or pool."""
Fields = dict[str, float]
GapsOf = Callable[[str, str], Sequence[Gap]]
KEPT_MS = 6 * HOUR_MS
"""Facts about a call are not repeated later than this."""


class Calls:
    """All calls of one partition."""

    def __init__(self, windows: WindowSpec) -> None:
        self._windows = windows
        self._told: dict[tuple[str, str, str, str], dict[str, Any]] = {}
        """By floor, call, phase and agent: in this traffic, repeats are equal."""
        self._sums: dict[Place, dict[int, Fields]] = defaultdict(lambda: defaultdict(Fields))
        """By team or pool and minute."""
        self._recent: list[tuple[int, Place, Fields]] = []
        """The same one by one, as long as they may lie at the edge of what is asked."""

    def add(self, event: dict[str, Any]) -> None:
        """Apply a call event; a repeated one changes nothing."""
        agent = event.get("agent", "")
        key = (event["floor"], event["call"], event["phase"], agent)
        if key in self._told:
            return
        self._told[key] = event
        getattr(self, f"_{event['phase']}")(event)

    def _offered(self, event: dict[str, Any]) -> None:
        self._count(event["ts"], (event["floor"], event["pool"]), {"offered": 1})

    def _abandoned(self, event: dict[str, Any]) -> None:
        self._count(event["ts"], (event["floor"], event["pool"]), {"abandoned": 1})

    def _answered(self, event: dict[str, Any]) -> None:
        in_time = event["wait_s"] * 1_000 <= self._windows.service_level_ms
        counts: Fields = {"answered": 1, "in_time": int(in_time)}
        self._count(event["ts"], (event["floor"], event["pool"]), counts)

    def _ended(self, event: dict[str, Any]) -> None:
        talk_s = event["talk_s"]
        counts: Fields = {
            "handled": 1,
            "short": int(talk_s * 1_000 <= self._windows.short_call_ms),
            "talk_s": talk_s,
            "hold_s": event.get("hold_s", 0),
        }
        self._count(event["ts"], (event["floor"], event["team"]), counts)
        wrapped = self._told.get((event["floor"], event["call"], "wrapped", event["agent"]))
        if wrapped is not None:
            self._wrapped(wrapped)

    def _wrapped(self, event: dict[str, Any]) -> None:
        ended = self._told.get((event["floor"], event["call"], "ended", event["agent"]))
        if ended is not None:
            place = (ended["floor"], ended["team"])
            self._count(ended["ts"], place, {"acw_s": event["acw_s"]})

    def _count(self, ts_ms: int, place: Place, counts: Fields) -> None:
        sums = self._sums[place][ts_ms // MINUTE_MS]
        for name, count in counts.items():
            sums[name] = sums.get(name, 0) + count
        self._recent.append((ts_ms, place, counts))

    def of_team(self, team: Place, starts: list[int], as_of_ms: int) -> Fields:
        """The fields of a team's view."""
        found: Fields = {}
        for window, start_ms in zip(WINDOWS, starts, strict=True):
            sums = self._sum(team, start_ms, as_of_ms)
            for name in ("handled", "short", "talk_s", "hold_s", "acw_s"):
                found[f"{name}:{window}"] = round(sums.get(name, 0), 3)
        return found

    def of_pools(
        self, starts: list[int], as_of_ms: int, phones: Mapping[Place, list[str]], gaps: GapsOf
    ) -> Iterator[tuple[Place, Fields]]:
        """The fields of each pool's view; its "shift" is the local day.

        Args:
            starts: of the windows.
            as_of_ms: when they end.
            phones: that ring in each pool, by the call that each names: it takes that one, in
                whatever pool it waits. Others take those that wait longest.
            gaps: by floor and source, an open one at the end where it is silent.
        """
        starts = [*starts[:-1], as_of_ms // DAY_MS * DAY_MS]
        waiting = self._waiting(as_of_ms, gaps)
        named = {(floor, call) for (floor, _), calls in phones.items() for call in calls}
        pools = {(e["floor"], e["pool"]) for e in self._told.values() if e["phase"] == "offered"}
        for pool in pools:
            found: Fields = {}
            if self._is_known(pool, as_of_ms, gaps):
                calls = sorted(
                    one for one in waiting.get(pool, []) if (pool[0], one[1]) not in named
                )
                since = [ts_ms for ts_ms, _ in calls[phones.get(pool, []).count("") :]]
                oldest_ms = as_of_ms - min(since, default=as_of_ms)
                found = {"waiting": len(since), "oldest_wait_s": oldest_ms / 1_000}
            for window, start_ms in zip(WINDOWS, starts, strict=True):
                sums = self._sum(pool, start_ms, as_of_ms)
                for name in ("offered", "answered", "abandoned"):
                    found[f"{name}:{window}"] = sums.get(name, 0)
                judged = sums.get("answered", 0) + sums.get("abandoned", 0)
                if judged:
                    found[f"service_level:{window}"] = sums.get("in_time", 0) / judged
            yield pool, found

    def _sum(self, place: Place, start_ms: int, as_of_ms: int) -> Fields:
        """Counts in [start, as_of); the start is a whole minute."""
        found: Fields = defaultdict(float)
        for minute, sums in self._sums.get(place, {}).items():
            if minute * MINUTE_MS >= start_ms:
                for name, count in sums.items():
                    found[name] += count
        for ts_ms, where, counts in self._recent:
            if ts_ms >= as_of_ms and where == place:
                for name, count in counts.items():
                    found[name] -= count
        return found

    def _is_known(self, pool: Place, as_of_ms: int, gaps: GapsOf) -> bool:
        """Whether a source that says something of a pool's calls is alive."""
        sources = {
            event["source"]
            for event in self._told.values()
            if (event["floor"], event.get("pool")) == pool
        }
        return any(all(gap.end <= as_of_ms for gap in gaps(pool[0], source)) for source in sources)

    def _waiting(self, as_of_ms: int, gaps: GapsOf) -> dict[Place, list[tuple[int, str]]]:
        """By pool, when each of those calls was offered that wait still, and its name.

        What became of one that waited as its feed died is not known.
        """
        over = {
            (floor, call)
            for floor, call, phase, _ in self._told
            if phase in {"answered", "abandoned", "ended"}
            # What happens at this very instant has happened.
        }
        found: dict[Place, list[tuple[int, str]]] = defaultdict(list)
        for (floor, call, phase, _), event in self._told.items():
            waits_ms = as_of_ms - event["ts"]
            if phase != "offered" or (floor, call) in over:
                continue
            lost = any(gap.start >= event["ts"] for gap in gaps(floor, event["source"]))
            if 0 <= waits_ms < self._windows.wait_ms and not lost:
                found[floor, event["pool"]].append((event["ts"], call))
        return found

    def forget(self, as_of_ms: int) -> None:
        """Drop what nothing can refer to any more."""
        self._recent = [one for one in self._recent if one[0] >= as_of_ms - MINUTE_MS]
        old_ms = as_of_ms - KEPT_MS
        self._told = {key: event for key, event in self._told.items() if event["ts"] >= old_ms}
