"""Call events the slow and obvious way: all facts are kept, and every question walks them all."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from stream.events.language import Phase
from stream.spec import Spec
from tests.reference import clock
from tests.reference.lateness import Event, floor_of, instant
from tests.reference.naive import WINDOW_MINUTES, Floorplan, zone_of

WAITING_MOST_MS: Final = 60 * clock.MINUTE_MS
"""Who has waited longer is not there any more: the end of the call was lost."""
GAUGE_MOST_MS: Final = 60 * clock.MINUTE_MS
"""A reading that was not renewed for longer says nothing any more."""
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


def weight(fact: Fact) -> tuple[int | bytes, ...]:
    """What decides between two facts of one key that conflict: the least wins."""
    numbers = (fact.ts, fact.wait, fact.talk, fact.hold, fact.acw)
    said = tuple(-1 if value is None else value for value in numbers)
    return (*said, fact.pool.encode(), fact.team.encode())


def lastness(ended: Fact) -> tuple[int, bytes]:
    """Which leg of a call ended last; of two at one time that of the greater agent."""
    return ended.ts, ended.agent.encode()


def counted(ts: int, start: int, as_of: int) -> bool:
    """Whether a window that ends at as_of counts an event; one at as_of is in no window yet."""
    return start <= ts < as_of


class Ledger:
    """All call and queue events of all floors."""

    def __init__(self, spec: Spec, plan: Floorplan) -> None:
        self._spec = spec
        self._plan = plan
        self.facts: dict[Key, Fact] = {}
        self.gauges: dict[tuple[str, str], list[tuple[int, int, int]]] = {}

    def add_call(self, event: Event) -> None:
        if event["phase"].startswith("callback"):
            return  # promises are no part of any figure yet
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
        oldest = milliseconds(event, "oldest_wait_s")
        reading = (instant(event), event["waiting"], -1 if oldest is None else oldest)
        self.gauges.setdefault(key, []).append(reading)

    def teams(self) -> set[tuple[str, str]]:
        return {(key[0], fact.team) for key, fact in self.facts.items() if fact.team}

    def seats(self, floor: str) -> set[tuple[str, str]]:
        """(team, agent) of all who had a call."""
        return {
            (fact.team, fact.agent)
            for key, fact in self.facts.items()
            if key[0] == floor and fact.agent
        }

    def pools(self) -> set[tuple[str, str]]:
        return {(key[0], fact.pool) for key, fact in self.facts.items()} | set(self.gauges)

    def of(self, floor: str, phase: Phase) -> Iterator[tuple[str, Fact]]:
        """All (call, fact) of a phase."""
        for (where, call, what, _), fact in self.facts.items():
            if where == floor and what == phase:
                yield call, fact

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
        offered = [fact.ts for one, fact in self.of(floor, Phase.offered) if one == call]
        return answered.ts - offered[0] if offered and offered[0] <= answered.ts else None

    def acw(self, floor: str, call: str, ended: Fact) -> int:
        """After-call work that belongs to one leg of a call."""
        legs = [fact for one, fact in self.of(floor, Phase.ended) if one == call]
        told = {fact.agent: fact.acw for one, fact in self.of(floor, Phase.wrapped) if one == call}
        own = told.get(ended.agent)
        if own is not None:
            return own
        return (told.get("") or 0) if ended == max(legs, key=lastness) else 0

    def team_calls(
        self, floor: str, team: str, start: int, end: int, agent: str | None = None
    ) -> SeatCalls:
        """Calls of a team in [start, end), or just those of one agent in it."""
        out = SeatCalls()
        for _, fact in self.of(floor, Phase.answered):
            mine = fact.team == team and agent in (None, fact.agent)
            out.started += mine and counted(fact.ts, start, end)
        for call, fact in self.of(floor, Phase.ended):
            mine = fact.team == team and agent in (None, fact.agent)
            if not mine or not counted(fact.ts, start, end):
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
        return [self.pool_window(floor, pool, start, as_of) for start in starts]

    def pool_window(self, floor: str, pool: str, start: int, end: int) -> PoolCalls:
        out, in_time = PoolCalls(), 0
        for phase in (Phase.offered, Phase.answered, Phase.abandoned):
            for call, fact in self.of(floor, phase):
                if fact.pool != pool or not counted(fact.ts, start, end):
                    continue
                setattr(out, phase.name, getattr(out, phase.name) + 1)
                wait = self.wait(floor, call, fact) if phase == Phase.answered else None
                in_time += wait is not None and wait <= self._spec.windows.service_level_ms
        judged = out.answered + out.abandoned
        out.service_level = in_time / judged if judged else None
        out.waiting, out.oldest_wait_ms = self.queue(floor, pool, end)
        return out

    def queue(self, floor: str, pool: str, at: int) -> tuple[int, int]:
        """How many calls wait, and how long the oldest: the gauge knows, if there is one."""
        read = [one for one in self.gauges.get((floor, pool), []) if one[0] <= at]
        newest = max((ts for ts, _, _ in read), default=-GAUGE_MOST_MS)
        if read and at <= newest + GAUGE_MOST_MS:
            _, waiting, oldest = min(one for one in read if one[0] == newest)
            return waiting, at - newest + max(oldest, 0) if waiting else 0
        waits = [
            at - fact.ts
            for call, fact in self.of(floor, Phase.offered)
            if fact.pool == pool
            and 0 <= at - fact.ts < WAITING_MOST_MS
            and not any(done <= at for done in self._ends_of_waiting(floor, call))
        ]
        return len(waits), max(waits, default=0)

    def _ends_of_waiting(self, floor: str, call: str) -> list[int]:
        phases = (Phase.answered, Phase.abandoned, Phase.ended)
        return [fact.ts for phase in phases for one, fact in self.of(floor, phase) if one == call]
