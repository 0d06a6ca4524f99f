"""Call events the slow and obvious way: all facts are kept, and every question walks them all."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from stream.events.language import Phase
from stream.spec import Spec
from tests.reference import clock
from tests.reference.naive import WINDOW_MINUTES, Event, Floorplan, floor_of, instant, zone_of

Key = tuple[str, str, Phase, str]
"""Floor, call, phase, agent ("" where none is named)."""


class Fact(NamedTuple):
    """One phase of one call. Milliseconds; None where the event does not say."""

    ts: int
    pool: str
    agent: str
    team: str
    wait: int | None
    talk: int | None
    hold: int | None
    acw: int | None


@dataclass
class SeatCalls:
    """Calls of a team (or of one member) in a window."""

    started: int = 0
    handled: int = 0
    short: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    acw_ms: int = 0


@dataclass
class PoolCalls:
    """Calls of a pool in a window, and those that wait at its end."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    service_level: float | None = None
    waiting: int = 0
    oldest_wait_ms: int = 0


def milliseconds(event: Event, name: str) -> int | None:
    seconds = event.get(name)
    return None if seconds is None else round(seconds * 1000)


def weight(fact: Fact) -> bytes:
    """What decides between two facts of one key that conflict: the least wins."""
    said: dict[str, Any] = {k: v for k, v in fact._asdict().items() if v is not None}
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Ledger:
    """All call and queue events of all floors."""

    def __init__(self, spec: Spec, plan: Floorplan) -> None:
        self._spec = spec
        self._plan = plan
        self.facts: dict[Key, Fact] = {}
        self.gauges: dict[tuple[str, str], list[tuple[int, int, int]]] = {}

    def add_call(self, event: Event) -> None:
        agent = str(event.get("agent") or "")
        key = (floor_of(event), str(event["call"]), Phase[event["phase"]], agent)
        fact = Fact(
            instant(event),
            str(event.get("pool", "main")),
            agent,
            self._plan.team_of(event) if agent else "",
            *(milliseconds(event, name) for name in ("wait_s", "talk_s", "hold_s", "acw_s")),
        )
        held = self.facts.get(key)
        self.facts[key] = fact if held is None else min(held, fact, key=weight)

    def add_gauge(self, event: Event) -> None:
        key = (floor_of(event), str(event.get("pool", "main")))
        oldest = milliseconds(event, "oldest_wait_s") or 0
        self.gauges.setdefault(key, []).append((instant(event), event["waiting"], oldest))

    def teams(self) -> set[tuple[str, str]]:
        return {(key[0], fact.team) for key, fact in self.facts.items() if fact.team}

    def pools(self) -> set[tuple[str, str]]:
        return {(key[0], fact.pool) for key, fact in self.facts.items()} | set(self.gauges)

    def of(self, floor: str, phase: Phase) -> Iterator[tuple[str, Fact]]:
        """All (call, fact) of a phase."""
        for (where, call, what, _), fact in self.facts.items():
            if where == floor and what == phase:
                yield call, fact

    def _first(self, floor: str, phase: Phase, call: str) -> Fact | None:
        found = [fact for one, fact in self.of(floor, phase) if one == call]
        return min(found, default=None)

    def talk(self, floor: str, call: str, ended: Fact) -> int | None:
        """What the event says; else the time since the same agent's answer."""
        if ended.talk is not None:
            return ended.talk
        answers = [
            fact
            for one, fact in self.of(floor, Phase.answered)
            if one == call and fact.agent == ended.agent and fact.ts <= ended.ts
        ]
        return ended.ts - answers[0].ts if answers else None

    def wait(self, floor: str, call: str, answered: Fact) -> int | None:
        """What the event says; else the time since the call was offered."""
        if answered.wait is not None:
            return answered.wait
        offered = self._first(floor, Phase.offered, call)
        return None if offered is None else answered.ts - offered.ts

    def acw(self, floor: str, call: str, ended: Fact) -> int:
        """After-call work that belongs to one leg of a call."""
        legs = [fact for one, fact in self.of(floor, Phase.ended) if one == call]
        total = 0
        for one, wrapped in self.of(floor, Phase.wrapped):
            if one != call:
                continue
            mine = wrapped.agent == ended.agent if wrapped.agent else ended == max(legs)
            total += (wrapped.acw or 0) if mine else 0
        return total

    def team_calls(self, floor: str, team: str, start: int, end: int) -> SeatCalls:
        """Calls of a team in [start, end)."""
        out = SeatCalls()
        for _, fact in self.of(floor, Phase.answered):
            out.started += fact.team == team and start <= fact.ts < end
        for call, fact in self.of(floor, Phase.ended):
            if fact.team != team or not start <= fact.ts < end:
                continue
            talk = self.talk(floor, call, fact)
            out.handled += 1
            out.short += talk is not None and talk <= self._spec.windows.short_call_ms
            out.talk_ms += talk or 0
            out.hold_ms += fact.hold or 0
            out.acw_ms += self.acw(floor, call, fact)
        return out

    def pool_figures(self, floor: str, pool: str, as_of: int) -> list[PoolCalls]:
        """Calls of a pool, window by window; its "shift" is the local day."""
        minute = as_of // clock.MINUTE_MS * clock.MINUTE_MS
        starts = [minute - n * clock.MINUTE_MS for n in WINDOW_MINUTES.values()]
        starts.append(clock.day_start(zone_of(self._spec, floor, pool), as_of))
        return [self._pool_window(floor, pool, start, as_of) for start in starts]

    def _pool_window(self, floor: str, pool: str, start: int, end: int) -> PoolCalls:
        out, in_time = PoolCalls(), 0
        for phase in (Phase.offered, Phase.answered, Phase.abandoned):
            for call, fact in self.of(floor, phase):
                if fact.pool != pool or not start <= fact.ts < end:
                    continue
                setattr(out, phase.name, getattr(out, phase.name) + 1)
                wait = self.wait(floor, call, fact) if phase == Phase.answered else None
                in_time += wait is not None and wait <= self._spec.windows.service_level_ms
        judged = out.answered + out.abandoned
        out.service_level = in_time / judged if judged else None
        return out
