"""The simulated source: writes events in our event language."""

from stream.simulate.population import Caller, Person

Event = dict[str, object]


class EventWriter:
    """Writes events in the order in which they happen; the reader empties `pending`."""

    __slots__ = ("_floor", "_seq", "_source", "pending")

    def __init__(self, floor: str, source: str) -> None:
        self._floor = floor
        self._source = source
        self._seq = 0
        self.pending: list[Event] = []

    def heartbeat(self, now_ms: int) -> None:
        """Write a heartbeat."""
        self.pending.append(
            {"type": "heartbeat", "ts": now_ms, "floor": self._floor, "source": self._source}
        )

    def turn(self, now_ms: int, person: Person, state: str, *, sync: bool = False) -> None:
        """Change the state of a person; `sync`: the source found them in it."""
        person.count_time(now_ms)
        person.state = state
        person.turn += 1
        event = self._event("state", now_ms)
        event |= {"agent": person.name, "team": person.team, "state": state}
        if person.caller is not None:
            event["call"] = person.caller.id
        if sync:
            event["sync"] = True
        self.pending.append(event)

    def call(self, now_ms: int, caller: Caller, pool: str, phase: str, **more: object) -> None:
        """Write a phase of a call."""
        event = self._event("call", now_ms)
        event |= {"call": caller.id, "pool": pool, "phase": phase}
        self.pending.append(event | more)

    def _event(self, kind: str, now_ms: int) -> Event:
        self._seq += 1
        return {
            "type": kind,
            "ts": now_ms,
            "floor": self._floor,
            "source": self._source,
            "seq": self._seq,
        }
