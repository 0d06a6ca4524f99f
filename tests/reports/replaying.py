"""Small histories for the tests of replay, and its tables read back."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from stream.reports.job import Job
from stream.units import MINUTE_MS

NINE_MS = 1_790_064_000_000  # 2026-09-22T08:00:00Z
Row = dict[str, str]


def state(minute: float, name: str, agent: str = "ann", **more: object) -> dict[str, object]:
    ts = NINE_MS + round(minute * MINUTE_MS)
    return {"type": "state", "ts": ts, "agent": agent, "state": name} | more


def call(minute: float, phase: str, **more: object) -> dict[str, object]:
    ts = NINE_MS + round(minute * MINUTE_MS)
    return {"type": "call", "ts": ts, "call": "c1", "phase": phase} | more


def write(path: Path, events: Iterable[object]) -> str:
    path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))
    return str(path)


def replayed(tmp_path: Path, events: Iterable[object], **options: Any) -> Path:
    """Replay some events; returns the directory of results."""
    out = tmp_path / str(options.pop("out", "out"))
    file = write(tmp_path / "events.jsonl", events)
    Job("events", (file,), out, **options).run(lambda *_: None)
    return out


def table(path: Path) -> list[Row]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def times(row: Row) -> dict[str, float]:
    """The states that a row has time in."""
    held = {name.removesuffix("_s"): float(row[name]) for name in row if name.endswith("_s")}
    return {name: value for name, value in held.items() if value}
