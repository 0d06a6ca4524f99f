"""Live floors: ``live_load.py JOB`` sends the events of simulated floors when they happen.

JOB is the JSON text of a `LoadJob`. Times of events are those of the wall clock. What the figures
are taken from goes to stdout, a line of JSON each: every change of a marked agent, and the last
person of every walk-out, with the instant at which it was handed to the producer.

Calls are shorter than in a real centre, so that so few agents make so many events; breaks are not.
"""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
import orjson
from confluent_kafka import Producer
from workload import PARTITIONS

from stream.events.partition import partition_of
from stream.simulate.event_writer import Event
from stream.simulate.plan import FloorPlan, Habits, Plan, WalkOut, even_floors
from stream.simulate.run import simulate
from stream.units import MINUTE_MS, SECOND_MS

FLOORS = 40
EVENTS_PER_CALL = 8.5
"""Of a call and its agent, on average."""
MARKED = "marked"
MARK_STATES = ("available", "training")
"""Nobody but the marked agents is ever in training."""
MARKS_PER_S = 8
MARKED_TEAMS = 64
LOGGED_IN_MS = 20 * MINUTE_MS
"""So long ago that the size of a team is no news to the detectors."""
WALK_OUT_EVERY_MS = 2_000
WALK_OUT_SHARE = 0.8
WALK_OUT_WITHIN_MS = 200
"""From the first to the last person: nobody can be paged long before the last one."""
HEARTBEAT_MS = 10 * SECOND_MS
_POLL_S = 0.004


@dataclass(frozen=True, slots=True)
class LoadJob:
    """What is sent; seconds from the start of the process's first event."""

    brokers: str
    topic: str
    agents: int
    teams: int
    events_per_s: float
    warm_s: float
    live_s: float
    idle_s: float
    seed: int = 7


def floors_of(job: LoadJob) -> tuple[FloorPlan, ...]:
    """The floors, whose agents make about `events_per_s` together."""
    call_ms = job.agents * EVENTS_PER_CALL / job.events_per_s * SECOND_MS
    busy_ms = 0.72 * call_ms
    habits = Habits(
        talk_ms=round(0.75 * busy_ms),
        acw_ms=round(0.15 * busy_ms),
        ring_ms=round(0.1 * busy_ms),
        hold_share=0.05,
        hold_ms=2 * SECOND_MS,
        load=0.72,
    )
    floors = min(FLOORS, job.teams)
    return even_floors(floors, job.teams, job.agents, habits=habits, heartbeat_ms=HEARTBEAT_MS)


def marked_teams(job: LoadJob, floors: tuple[FloorPlan, ...]) -> list[tuple[FloorPlan, str]]:
    """Teams with a marked agent, drawn by chance: a worker writes some views after others."""
    teams = [(floor, team.name) for floor in floors for team in floor.teams]
    order = np.random.default_rng(job.seed).permutation(len(teams)).tolist()
    return [teams[number] for number in order[:MARKED_TEAMS]]


def walk_outs_of(job: LoadJob, floors: tuple[FloorPlan, ...], start_ms: int) -> list[WalkOut]:
    """One every `WALK_OUT_EVERY_MS` of the measured time, each on another floor than the last."""
    rng = np.random.default_rng(job.seed)
    teams = [(floor, place) for place in range(len(floors[0].teams)) for floor in floors]
    first_ms = start_ms + round(job.warm_s * SECOND_MS)
    count = min(len(teams), int((job.live_s - 5) * SECOND_MS) // WALK_OUT_EVERY_MS)
    out = []
    for number, (floor, place) in enumerate(teams[:count]):
        at_ms = first_ms + number * WALK_OUT_EVERY_MS + int(rng.integers(WALK_OUT_EVERY_MS))
        team = floor.teams[place % len(floor.teams)]
        heads = max(2, round(WALK_OUT_SHARE * len(team.agents)))
        out.append(WalkOut(floor.name, team.name, at_ms, heads, WALK_OUT_WITHIN_MS))
    return out


class Load:
    """Sends what is due, and tells what the observer must find."""

    def __init__(self, job: LoadJob) -> None:
        self._job = job
        self._floors = floors_of(job)
        self._marked = marked_teams(job, self._floors)
        self._partition = {one.name: partition_of(one.name, PARTITIONS) for one in self._floors}
        options = {"bootstrap.servers": job.brokers, "linger.ms": 5, "enable.idempotence": True}
        self._producer = Producer(options)
        self._sent = 0

    def run(self) -> None:
        """Log everybody in; send events while live, then heartbeats alone."""
        job = self._job
        self._log_in()
        start_ms = _now_ms() + 2 * SECOND_MS
        live_end_ms = start_ms + round((job.warm_s + job.live_s) * SECOND_MS)
        _report(kind="start", at_s=start_ms / 1_000)
        walk_outs = walk_outs_of(job, self._floors, start_ms)
        plan = Plan(self._floors, start_ms, live_end_ms, job.seed, walk_outs=tuple(walk_outs))
        self._send_live(plan, self._marks(start_ms))
        for walk_out in walk_outs:
            known = self._last_movers.get((walk_out.floor, walk_out.team))
            if known is not None:
                _report(kind="walk_out", floor=walk_out.floor, team=walk_out.team, at_s=known)
        self._producer.flush(10)
        _report(kind="idle", at_s=time.time(), sent=self._sent)
        self._send_idle(live_end_ms + round(job.idle_s * SECOND_MS))
        self._producer.flush(10)

    def _log_in(self) -> None:
        at_ms = _now_ms() - LOGGED_IN_MS
        for floor in self._floors:
            for team in floor.teams:
                for agent in team.agents:
                    state = {"agent": agent, "team": team.name, "state": "available"}
                    self._send({**_head(floor, "state", at_ms), **state})
            self._producer.poll(0)
        self._producer.flush(30)

    def _marks(self, start_ms: int) -> Iterator[tuple[FloorPlan, str, int, int]]:
        """(floor, team, which state, when): marked teams in turn, in alternating states."""
        rng = np.random.default_rng(self._job.seed)
        gap_ms, at_ms, turn = SECOND_MS / MARKS_PER_S, float(start_ms), 1
        while True:
            for floor, team in self._marked:
                at_ms += gap_ms * rng.uniform(0.5, 1.5)
                yield floor, team, turn % 2, round(at_ms)
            turn += 1

    def _send_live(self, plan: Plan, marks: Iterator[tuple[FloorPlan, str, int, int]]) -> None:
        self._last_movers: dict[tuple[str, str], float] = {}
        walking = {(one.floor, one.team): one.at_ms for one in plan.walk_outs}
        mark = next(marks)
        for sent in takewhile(lambda one: one.sent_ms < plan.end_ms, simulate(plan)):
            while mark[3] <= sent.sent_ms:
                self._wait_until(mark[3])
                self._mark(*mark)
                mark = next(marks)
            self._wait_until(sent.sent_ms)
            self._send(sent.event)
            if sent.event.get("state") == "aux":
                where = (sent.floor, str(sent.event["team"]))
                at_ms = walking.get(where, plan.end_ms)
                if at_ms <= sent.sent_ms <= at_ms + WALK_OUT_WITHIN_MS:
                    self._last_movers[where] = time.time()

    def _wait_until(self, at_ms: int) -> None:
        while _now_ms() < at_ms:
            self._producer.poll(_POLL_S)

    def _mark(self, floor: FloorPlan, team: str, turn: int, _at_ms: int) -> None:
        state = {"agent": f"{MARKED}-{team}", "team": team, "state": MARK_STATES[turn]}
        self._send({**_head(floor, "state", _now_ms()), **state})
        _report(kind="mark", floor=floor.name, team=team, heads=turn, at_s=time.time())

    def _send_idle(self, end_ms: int) -> None:
        apart_ms = HEARTBEAT_MS / len(self._floors)
        at_ms, number = float(_now_ms()), 0
        while at_ms < end_ms:
            floor = self._floors[number % len(self._floors)]
            self._wait_until(round(at_ms))
            self._send(_head(floor, "heartbeat", _now_ms()))
            at_ms, number = at_ms + apart_ms, number + 1

    def _send(self, event: Event) -> None:
        floor = str(event["floor"])
        partition = self._partition[floor]
        self._producer.produce(
            self._job.topic, orjson.dumps(event), floor.encode(), partition=partition
        )
        self._sent += 1


def _head(floor: FloorPlan, kind: str, at_ms: int) -> Event:
    return {"type": kind, "ts": at_ms, "floor": floor.name, "source": floor.source}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _report(**what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    Load(LoadJob(**json.loads(sys.argv[1]))).run()
