"""Call events as facts: what each says, and the order in which a call walks over them."""

from typing import NamedTuple

from stream.events.language import EndedBy, Phase
from tests.reference.marks import Arrival
from tests.reference.records import floor_of, milliseconds, source_of
from tests.reference.rules import Rules

UNTOLD = -1


class Fact(NamedTuple):
    """One phase of a call; the order of the fields is the order of the walk."""

    ts: int
    phase: Phase
    agent: bytes
    pool: bytes
    """Empty where the event does not tell it."""
    wait: int
    talk: int
    hold: int
    acw: int
    team: bytes
    source: bytes
    by: int
    reason: str


class Facts:
    """The facts of all calls, by floor and call."""

    def __init__(self) -> None:
        self.of: dict[tuple[str, str], set[Fact]] = {}
        self.tellers: dict[tuple[str, str], set[str]] = {}
        """By (floor, pool): the sources of facts that name it, or would without any other fact."""

    def add(self, rules: Rules, one: Arrival) -> None:
        event = one.event
        agent = str(event.get("agent") or "")
        team = str(event.get("team") or rules.team_at(agent, one.ts)) if agent else ""
        told = [milliseconds(event, name) for name in ("wait_s", "talk_s", "hold_s", "acw_s")]
        wait, talk, hold, acw = (UNTOLD if value is None else value for value in told)
        fact = Fact(
            one.ts,
            Phase[event["phase"]],
            agent.encode(),
            str(event.get("pool", "")).encode(),
            wait,
            talk,
            hold,
            acw,
            team.encode(),
            source_of(event).encode(),
            EndedBy[event.get("by") or "unnamed"],
            str(event.get("reason") or ""),
        )
        self.of.setdefault((floor_of(event), str(event["call"])), set()).add(fact)
        pool = str(event.get("pool") or (rules.pool_of(team) if team else "main"))
        self.tellers.setdefault((floor_of(event), pool), set()).add(source_of(event))

    def forget(self, pools: set[tuple[str, ...]], sources: set[tuple[str, ...]]) -> None:
        """Drop pools and sources of which nothing was told for long."""
        for key, tellers in list(self.tellers.items()):
            tellers -= {source for floor, source in sources if floor == key[0]}
            if key in pools:
                del self.tellers[key]
