"""Alerts of a replay: those of a shard that is stepped before each single event."""

import json
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import orjson

from stream.calendar.schedules import rfc3339_local
from stream.config import load_settings
from stream.events.decode import decode
from stream.reports.job import Job
from stream.roster import Roster
from stream.shard import Shard
from stream.simulate.plan import Habits, Plan, WalkOut, even_floors
from stream.simulate.run import simulate
from stream.units import MINUTE_MS

EIGHT_MS = 1_790_064_000_000  # 2026-09-22T08:00:00Z
CONFIG = """
[[peak]]
pool = "*"
time = "07:00-12:00"
"""


def story() -> list[bytes]:
    """Two floors at a busy time: a walk-out on one, and a feed that falls silent on the other."""
    floors = even_floors(2, 2, 30, habits=Habits(load=1.3))
    out = WalkOut("floor-01", "team-01", EIGHT_MS + 20 * MINUTE_MS, 8)
    plan = Plan(floors, EIGHT_MS, EIGHT_MS + 45 * MINUTE_MS, walk_outs=(out,))
    gap = range(EIGHT_MS + 30 * MINUTE_MS, EIGHT_MS + 35 * MINUTE_MS)
    return [
        orjson.dumps(sent.event)
        for sent in simulate(plan)
        if not (sent.floor == "floor-02" and sent.sent_ms in gap)
    ]


def one_by_one(values: list[bytes], config: Path) -> list[tuple[str, ...]]:
    spec = replace(load_settings(config, {}).spec, event_clock=True)
    shard = Shard(spec, Roster(fallback_team="events"))
    transitions = []
    # Of events at one instant only the first finds anything to step to.
    for ts_ms, run in groupby(values, key=lambda value: int(orjson.loads(value)["ts"])):
        transitions += shard.step(ts_ms)
        shard.push(decode(list(run), None, shard.names).batch)
    transitions += shard.step(shard.watermark_ms)
    return [
        (
            rfc3339_local(one.at_ms, "UTC"),
            one.floor,
            one.pool,
            one.team,
            one.detector,
            one.severity.value,
            one.before.value,
            one.to.value,
            one.id,
        )
        for one in transitions
    ]


def test_alerts_are_those_of_a_shard_that_is_stepped_before_each_event(tmp_path: Path) -> None:
    values = story()
    file, config = tmp_path / "events.jsonl", tmp_path / "floorwatch.toml"
    file.write_bytes(b"\n".join(values))
    config.write_text(CONFIG)
    Job("events", (str(file),), tmp_path / "out", config=config).run(lambda *_: None)
    names = ("at", "floor", "pool", "team", "detector", "severity", "from", "to", "id")
    lines = [json.loads(line) for line in (tmp_path / "out/alerts.jsonl").read_text().splitlines()]
    found = [tuple(line[name] for name in names) for line in lines]

    assert found == one_by_one(values, config)
    assert ("collective", "page") in {(line["detector"], line["severity"]) for line in lines}
    assert all(line["floor"] == "floor-01" for line in lines if line["severity"] == "page")
