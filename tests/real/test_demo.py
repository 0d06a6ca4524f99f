"""The demo as a user runs it, and its figures against the naive reference."""

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from stream.config import load_settings
from stream.events.language import State
from stream.spec import RatioSpec
from stream.units import rfc3339
from tests.reference.ratios import ratio_of
from tests.reference.records import Record
from tests.reference.rules import Member, Rules
from tests.reference.truth import Figures, Key, Truth

pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.xdist_group("bank")]

SECONDS = 60
"""After the first figures; the last mover goes some 35 s after them."""
IN_FLIGHT_MS = 3_000


@dataclass
class Demo:
    """A demo that has ended by itself."""

    directory: Path
    status: int
    output: str

    def lines(self, name: str) -> list[dict[str, Any]]:
        text = (self.directory / name).read_text()
        return [json.loads(line) for line in text.splitlines()]

    def pages(self) -> list[dict[str, Any]]:
        return [
            one
            for one in self.lines("notices.jsonl")
            if (one["severity"], one["status"]) == ("page", "firing")
        ]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "stream", *arguments]


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> tuple[Demo, Demo]:
    """With the walk-out and without it, side by side."""
    directories = [tmp_path_factory.mktemp("demo"), tmp_path_factory.mktemp("calm")]
    processes = [
        subprocess.Popen(
            command("demo", "--keep", str(directory)),
            env=os.environ | {"DEMO_SECONDS": str(SECONDS), "DEMO_WALKOUT": walk_out},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for directory, walk_out in zip(directories, "10", strict=True)
    ]
    try:
        outputs = [process.communicate(timeout=SECONDS + 90)[0] for process in processes]
    finally:
        for process in processes:
            process.send_signal(signal.SIGINT)
            process.wait(30)
    first, second = (
        Demo(directory, process.returncode, output)
        for directory, process, output in zip(directories, processes, outputs, strict=True)
    )
    return first, second


def test_the_demo_shows_all_that_it_promises_and_ends_with_0(demos: tuple[Demo, Demo]) -> None:
    demo, _ = demos
    assert demo.status == 0, demo.output
    assert "all promises kept" in demo.output
    assert "equal to a local computation" in demo.output


def test_each_team_is_paged_once_soon_after_the_last_mover(demos: tuple[Demo, Demo]) -> None:
    demo, _ = demos
    (scene,) = demo.lines("scene.jsonl")
    pages = demo.pages()
    assert sorted(page["team"] for page in pages) == ["sales", "service"]
    assert all(page["received_ms"] - scene["last_mover_ms"] <= 15_000 for page in pages)
    assert all(page["evidence"]["in_peak"] for page in pages)
    assert all(page["text"] for page in pages)


def test_without_the_walk_out_nothing_is_paged_and_the_demo_fails(
    demos: tuple[Demo, Demo],
) -> None:
    _, calm = demos
    assert calm.status == 1, calm.output
    assert calm.lines("notices.jsonl") == []
    assert "no walk-out" in calm.output


def test_a_replay_of_the_same_past_pages_nobody(demos: tuple[Demo, Demo]) -> None:
    demo, _ = demos
    (scene,) = demo.lines("scene.jsonl")
    out = demo.directory / "replayed"
    subprocess.run(
        command(
            "replay",
            "events",
            str(demo.directory / "events.jsonl"),
            "--out",
            str(out),
            "--config",
            str(demo.directory / "floorwatch.toml"),
            "--to",
            rfc3339(scene["now_ms"]),
        ),
        check=True,
        capture_output=True,
    )
    alerts = [json.loads(line) for line in (out / "alerts.jsonl").read_text().splitlines()]
    assert [alert for alert in alerts if alert["severity"] == "page"] == []
    assert json.loads((out / "summary.json").read_text())["agents"] == 40


def test_the_first_figures_are_those_of_the_naive_reference(demos: tuple[Demo, Demo]) -> None:
    demo, _ = demos
    settings = load_settings(demo.directory / "floorwatch.toml", {})
    with (demo.directory / "roster.csv").open() as file:
        roster = [Member(row["agent"], row["team"], row["pool"]) for row in csv.DictReader(file)]
    rules = Rules(settings.spec, roster)
    documents = demo.lines("figures.jsonl")
    assert sorted(one["team"] for one in documents) == ["sales", "service"]
    for document in documents:
        as_of_ms = round(datetime.fromisoformat(document["as_of"]).timestamp() * 1000)
        sent = [one for one in demo.lines("events.jsonl") if one["received"] <= as_of_ms]
        # The youngest events may have been on their way when the figures were made.
        while True:
            truth = Truth(rules)
            assert truth.push(*(Record((event,), event["received"]) for event in sent)) == []
            key = (document["floor"], document["team"])
            expected = told(truth.figures(as_of_ms), key, settings.spec.ratios)
            if expected == shown(document) or sent[-1]["received"] < as_of_ms - IN_FLIGHT_MS:
                break
            sent.pop()
        assert shown(document) == expected


WINDOWS = ("5m", "15m", "60m", "shift")


def told(figures: Figures, key: Key, ratios: Sequence[RatioSpec]) -> dict[str, Any]:
    """What the reference says, in the words and with the decimals of the document."""
    out: dict[str, Any] = {"agents": dict(zip(State.__members__, figures.heads[key], strict=True))}
    members = [times for (*where, _), times in figures.seats.items() if tuple(where) == key]
    for w, (name, (start, end)) in enumerate(zip(WINDOWS, figures.spans[key], strict=True)):
        calls, own = figures.calls[key][w], [times[w] for times in members]
        out[name] = {
            "window_s": (end - start) / 1000,
            "handled": calls.handled,
            "short": calls.short,
            "talk_s": calls.talk_ms / 1000,
            "hold_s": calls.hold_ms / 1000,
            "acw_s": calls.acw_ms / 1000,
            "seconds": {state.name: sum(ms[state] for ms in own) / 1000 for state in State},
        }
        for spec in ratios:
            ratio = ratio_of(spec, own, end - start)
            values = {"": ratio.ratio, "_mean": ratio.mean, "_sd": ratio.sd, "_cv": ratio.cv}
            out[name] |= {
                spec.name + suffix: round(value, 6)
                for suffix, value in values.items()
                if value is not None
            }
            out[name][f"{spec.name}_members"] = ratio.members
    return out


def shown(document: dict[str, Any]) -> dict[str, Any]:
    """The same of the worker's document."""
    return {"agents": document["agents"], **document["windows"]}
