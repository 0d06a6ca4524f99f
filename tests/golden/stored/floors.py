"""Three floors for the stored state: walk-outs, nobody who serves, a feed that falls silent.

Everything is seeded. Times count in minutes from the beginning, half past ten in Shanghai.
"""

from typing import Any

import orjson

from stream.simulate.plan import Disturbance, FloorPlan, Habits, Plan, TeamPlan, WalkOut
from stream.simulate.run import simulate

START_MS = 1_772_418_600_000
MINUTE_MS = 60_000
SAVED, COMMITTED, END = 70, 75, 100
"""The last snapshot, the last commit, the last record."""
GAP, SILENT = range(64, 68), 73
"""When floor-03 sends nothing; from when on it does not until long after the commit."""

Record = tuple[int, str]
"""Kafka's time and value."""


def at_ms(minute: float) -> int:
    return START_MS + round(minute * MINUTE_MS)


def team(name: str, pool: str, size: int) -> TeamPlan:
    return TeamPlan(name, tuple(f"{name}-{number:02d}" for number in range(1, size + 1)), pool)


FLOORS = (
    FloorPlan(
        "floor-01", (team("sales-1", "sales", 12), team("service-1", "service", 12)), "pbx-01",
        Habits(load=1.1), 20_000,
    ),
    FloorPlan("floor-03", (team("home-1", "home", 5),), "pbx-03", Habits(load=0.5), 20_000),
)  # fmt: skip
WALK_OUTS = (
    WalkOut("floor-01", "service-1", at_ms(54), 8, lasts_ms=8 * MINUTE_MS),
    WalkOut("floor-01", "sales-1", at_ms(66), 8, lasts_ms=20 * MINUTE_MS),
    WalkOut("floor-01", "service-1", at_ms(72), 8, lasts_ms=10 * MINUTE_MS),
)


def simulated() -> list[Record]:
    rough = Disturbance(late=0.02, late_ms_most=8 * MINUTE_MS, repeated=0.02)
    plan = Plan(FLOORS, START_MS, at_ms(END), 23, rough, WALK_OUTS)
    return [
        (sent.sent_ms, orjson.dumps(sent.event).decode())
        for sent in simulate(plan)
        if sent.floor != "floor-03" or not _is_away((sent.sent_ms - START_MS) / MINUTE_MS)
    ]


def _is_away(minute: float) -> bool:
    return GAP.start <= minute < GAP.stop or SILENT <= minute < END - 5


def told() -> list[Record]:
    """A floor of two people, told event by event: both go, and then callers wait."""
    night = [
        state(0, "ann", "available"),
        state(0, "bo", "available"),
        call(20, "c1", "offered"),
        call(20.2, "c1", "answered", agent="ann", team="night-1"),
        call(22, "c1", "offered", pool="back"),
        call(22.5, "c1", "answered", pool="back", agent="bo", team="night-1"),
        call(25, "c1", "ended", pool="back", agent="bo", team="night-1", talk_s=150, by="customer"),
        call(26, "c1", "wrapped", pool="back", agent="bo", team="night-1", acw_s=60),
        call(40, "c2", "offered"),
        call(41, "c2", "abandoned", wait_s=60),
        state(55, "ann", "meal"),
        state(60, "bo", "aux", reason="lunch"),
        call(61, "c3", "offered"),
        call(63, "c3", "callback_requested"),
        call(64, "c4", "offered"),
        call(73, "c5", "offered"),
        {"type": "queue", "pool": "back", "waiting": 2, "oldest_wait_s": 40, "ts": at_ms(69)},
        state(80, "ann", "available"),
        call(81, "c4", "answered", agent="ann", team="night-1"),
        call(84, "c4", "ended", agent="ann", team="night-1", talk_s=170, by="agent"),
        state(86, "bo", "available"),
    ]
    beats = [{"type": "heartbeat", "ts": at_ms(n / 3)} for n in range(1, 3 * END)]
    common = {"floor": "floor-02", "source": "pbx-02"}
    events = sorted([*night, *beats], key=lambda event: int(event["ts"]))
    return [(int(event["ts"]), orjson.dumps(event | common).decode()) for event in events]


def state(minute: float, agent: str, name: str, **more: object) -> dict[str, Any]:
    said = {"type": "state", "ts": at_ms(minute), "agent": agent, "team": "night-1", "state": name}
    return said | more


def call(
    minute: float, name: str, phase: str, pool: str = "night", **more: object
) -> dict[str, Any]:
    said = {"type": "call", "ts": at_ms(minute), "call": name, "phase": phase, "pool": pool}
    return said | more


def records() -> list[Record]:
    """All floors, in the order in which they were sent."""
    return sorted([*simulated(), *told()], key=lambda record: record[0])


def roster() -> str:
    rows = [
        (agent, one.name, one.pool)
        for floor in FLOORS
        for one in floor.teams
        for agent in one.agents
    ]
    rows += [("ann", "night-1", "night"), ("bo", "night-1", "night")]
    return "agent,team,pool\n" + "".join(",".join(row) + "\n" for row in rows)
