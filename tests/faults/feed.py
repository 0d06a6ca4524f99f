"""A feed whose clock goes wrong, or whose line to Kafka: what becomes of its events."""

from collections import deque
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]


@dataclass
class Feed:
    """One source of a floor, between what happens there and Kafka."""

    floor: str
    source: str
    ahead_ms: int = 0
    """By how much its clock is wrong."""
    is_lost: bool = False
    """Whether its events go nowhere."""
    _buffer: deque[Event] | None = None
    _states: dict[str, str] = field(default_factory=dict)
    """The state of each agent, whoever knows of it."""

    def through(self, event: Event) -> Iterator[Event]:
        """What arrives in Kafka when an event happens; those of other sources do as they are."""
        if (event["floor"], event["source"]) != (self.floor, self.source):
            yield event
            return
        if event["type"] == "state":
            self._states[event["agent"]] = event["state"]
        event = {**event, "ts": event["ts"] + self.ahead_ms}
        if self._buffer is not None:
            self._buffer.append(event)
        elif not self.is_lost:
            yield event

    def hold(self) -> None:
        """Keep from now on what happens."""
        self._buffer = deque()

    def drain(self, most: int | None = None) -> Iterator[Event]:
        """Send so much of what was kept, the oldest first; once nothing is left, keep no more."""
        kept = self._buffer or deque()
        while kept and most != 0:
            yield kept.popleft()
            most = None if most is None else most - 1
        if not kept:
            self._buffer = None

    @property
    def is_holding(self) -> bool:
        """Whether something is kept, or would be."""
        return self._buffer is not None

    def agents(self) -> list[str]:
        """Who is logged in."""
        return sorted(agent for agent, state in self._states.items() if state != "offline")

    def snapshot(self, ts_ms: int, agents: Collection[str]) -> Event:
        """It tells who is there."""
        return {
            "type": "snapshot",
            "ts": ts_ms + self.ahead_ms,
            "floor": self.floor,
            "source": self.source,
            "agents": sorted(agents),
        }
