"""Alerts of a replay: those of a shard that is stepped before each single event."""

import json
from collections import Counter
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
import pytest

from stream.calendar.schedules import rfc3339_local
from stream.config import load_settings
from stream.control.alerts.messages import messages
from stream.control.model import Transition
from stream.events.decode import decode
from stream.notify.notice import body_of
from stream.reports.job import Job
from stream.roster import Roster
from stream.shard import Shard
from stream.simulate.plan import Habits, Plan, WalkOut, even_floors
from stream.simulate.run import simulate
from stream.units import MINUTE_MS, parse_instant_ms

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


def transitions_of(values: list[bytes], config: Path) -> list[Transition]:
    spec = replace(load_settings(config, {}).spec, event_clock=True)
    shard = Shard(spec, Roster(fallback_team="events"))
    transitions = []
    # Of events at one instant only the first finds anything to step to.
    for ts_ms, run in groupby(values, key=lambda value: int(orjson.loads(value)["ts"])):
        transitions += shard.step(ts_ms)
        shard.push(decode(list(run), None, shard.names).batch)
    return [*transitions, *shard.step(shard.watermark_ms)]


def one_by_one(values: list[bytes], config: Path) -> list[tuple[str, ...]]:
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
        for one in transitions_of(values, config)
    ]


def replayed(tmp_path: Path, values: list[bytes], settings: str) -> list[dict[str, Any]]:
    """The lines of alerts.jsonl; the configuration is left in `floorwatch.toml`."""
    file, config = tmp_path / "events.jsonl", tmp_path / "floorwatch.toml"
    file.write_bytes(b"\n".join(values))
    config.write_text(settings)
    Job("events", (str(file),), tmp_path / "out", config=config).run(lambda *_: None)
    return [json.loads(line) for line in (tmp_path / "out/alerts.jsonl").read_text().splitlines()]


def test_alerts_are_those_of_a_shard_that_is_stepped_before_each_event(tmp_path: Path) -> None:
    values = story()
    lines = replayed(tmp_path, values, CONFIG)
    names = ("at", "floor", "pool", "team", "detector", "severity", "from", "to", "id")
    found = [tuple(line[name] for name in names) for line in lines]

    assert found == one_by_one(values, tmp_path / "floorwatch.toml")
    assert ("collective", "page") in {(line["detector"], line["severity"]) for line in lines}
    assert all(line["floor"] == "floor-01" for line in lines if line["severity"] == "page")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_alerts_have_the_very_words_that_a_worker_sends_to_its_sinks(
    tmp_path: Path, language: str
) -> None:
    values = story()
    lines = replayed(tmp_path, values, f'{CONFIG}\n[alerts]\nlanguage = "{language}"\n')
    sent = [
        json.loads(body_of(one, messages, language))
        for one in transitions_of(values, tmp_path / "floorwatch.toml")
    ]
    names = ("notify", "title", "text")
    assert [[line[name] for name in names] for line in lines] == [
        [body[name] for name in names] for body in sent
    ]
    onsets = [parse_instant_ms(line["onset"]) for line in lines]
    assert onsets == [parse_instant_ms(body["starts_at"]) for body in sent]

    summary = json.loads((tmp_path / "out/summary.json").read_text())
    counted = Counter(
        (body["severity"], "ended" if body["status"] == "resolved" else "raised")
        for body in sent
        if body["notify"]
    )
    notices = summary["notices"]
    assert sum(counted.values()) >= 2
    assert {(kind, change): n for kind in notices for change, n in notices[kind].items()} == counted
