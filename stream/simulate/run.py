"""A whole simulation: the events of all floors in order of sending."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush, merge
from typing import NamedTuple

import numpy as np

from stream.simulate.event_writer import Event
from stream.simulate.floor import FloorSimulation
from stream.simulate.plan import Disturbance, FloorPlan, Plan


class Sent(NamedTuple):
    """An event and the instant of sending: its own, or later."""

    sent_ms: int
    floor: str
    event: Event


def simulate(plan: Plan) -> Iterator[Sent]:
    """All events of a plan in order of sending; the same plan gives the same events.

    The events of a floor do not depend on the number of floors.
    """
    if len(plan.floors) == 1:
        return _floor(plan, 0, plan.floors[0])
    feeds = [_floor(plan, number, floor) for number, floor in enumerate(plan.floors)]
    return merge(*feeds, key=lambda sent: sent.sent_ms)


def _floor(plan: Plan, number: int, floor: FloorPlan) -> Iterator[Sent]:
    people, wire = np.random.default_rng([plan.seed, number]).spawn(2)
    walk_outs = [one for one in plan.walk_outs if one.floor == floor.name]
    simulation = FloorSimulation(floor, plan.start_ms, plan.end_ms, people, walk_outs)
    return disturbed(simulation.events(), floor.name, plan.disturbance, wire)


def disturbed(
    events: Iterable[Event], floor: str, disturbance: Disturbance, rng: np.random.Generator
) -> Iterator[Sent]:
    """Lose, delay and repeat events, except heartbeats: they keep the source alive."""
    delayed: list[tuple[int, int, Event]] = []
    count = 0
    shares = (disturbance.lost, disturbance.late, disturbance.repeated)
    bounds = np.cumsum(shares)
    for event in events:
        ts_ms = event["ts"]
        assert isinstance(ts_ms, int)
        while delayed and delayed[0][0] <= ts_ms:
            sent_ms, _, held = heappop(delayed)
            yield Sent(sent_ms, floor, held)
        fate = rng.random() if any(shares) and event["type"] != "heartbeat" else 1.0
        if bounds[0] <= fate < bounds[2]:
            count += 1
            delay_ms = 1 + int(rng.random() * disturbance.late_ms_most)
            heappush(delayed, (ts_ms + delay_ms, count, event))
        if fate >= bounds[1]:
            yield Sent(ts_ms, floor, event)
    while delayed:
        sent_ms, _, held = heappop(delayed)
        yield Sent(sent_ms, floor, held)
