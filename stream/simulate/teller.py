"""The simulated source: what it tells of the floor, in our event language."""

from stream.simulate.population import Caller, Person

Event = dict[str, object]


class Teller:
    """Writes events down in the order in which they happen; `told` is emptied by the reader."""

    __slots__ = ("_floor", "_seq", "_source", "told")

    def __init__(self, floor: str, source: str) -> None:
        self._floor = floor
        self._source = source
        self._seq = 0
        self.told: list[Event] = []

    def heartbeat(self, now_ms: int) -> None:
        """The source lives."""
        self.told.append(
            {"type": "heartbeat", "ts": now_ms, "floor": self._floor, "source": self._source}
        )

    def turn(self, now_ms: int, person: Person, state: str, *, sync: bool = False) -> None:
        """A person turns to another state; `sync`: the source found them in it."""
        person.count_time(now_ms)
        person.state = state
        person.turn += 1
        event = self._event("state", now_ms)
        event |= {"agent": person.name, "team": person.team, "state": state}
        if person.caller is not None:
            event["call"] = person.caller.id
        if sync:
            event["sync"] = True
        self.told.append(event)

    def call(self, now_ms: int, caller: Caller, pool: str, phase: str, **more: object) -> None:
        """A call enters a phase."""
        event = self._event("call", now_ms)
        event |= {"call": caller.id, "pool": pool, "phase": phase}
        self.told.append(event | more)

    def _event(self, kind: str, now_ms: int) -> Event:
        self._seq += 1
        return {
            "type": kind,
            "ts": now_ms,
            "floor": self._floor,
            "source": self._source,
            "seq": self._seq,
        }
