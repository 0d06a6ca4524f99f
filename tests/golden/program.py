"""What the command `floorwatch` writes: events, results of a replay, settings, names of options."""

import gzip
import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import typer

from stream.cli.main import app

FILES = Path(__file__).parent / "files"
FLOORWATCH = Path(sys.executable).parent / "floorwatch"
EVENTS = FILES / "events.jsonl.gz"
RESULTS = ("agents.csv", "teams.csv", "alerts.jsonl", "rejected.jsonl", "summary.json")
SIMULATED = (
    *("--teams", "2", "--agents", "24", "--start", "2026-03-02T02:00:00Z", "--duration", "1h"),
    *("--seed", "7", "--load", "1.2", "--late", "0.02", "--late-most", "8m", "--repeated", "0.02"),
    *("--walkout", "team=team-01,after=30m,heads=7"),
)
UNREADABLE = (
    b'{"type":"state","ts":1772416800000,"agent":"ann","state":"asleep"}',
    b'{"type":"state","ts":1772416800000,"state":"aux"}',
    b"no JSON",
)
"""Rows that a replay rejects."""


def floorwatch(*arguments: str, folder: Path | None = None) -> str:
    """What the command prints, run without our environment's overrides."""
    bare = {name: text for name, text in os.environ.items() if not name.startswith("FLOORWATCH_")}
    done = subprocess.run(
        [FLOORWATCH, *arguments], cwd=folder, env=bare, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def recorded() -> list[bytes]:
    """The committed events, in the order in which they were sent."""
    return gzip.decompress(EVENTS.read_bytes()).splitlines()


def simulated() -> str:
    return floorwatch("simulate", *SIMULATED)


@cache
def _replayed(*options: str) -> dict[str, str]:
    """The results of a replay of the committed events, by file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "events.jsonl").write_bytes(b"\n".join([*recorded(), *UNREADABLE, b""]))
        config = str(FILES / "floor.toml")
        arguments = ("events", "events.jsonl", "--out", "out", "--config", config, *options)
        floorwatch("replay", *arguments, folder=folder)
        return {path.name: path.read_text(encoding="utf-8") for path in (folder / "out").iterdir()}


def replayed(name: str) -> str:
    """One of the results; what is wrong with a row is told in words, which may change."""
    assert _replayed().keys() == set(RESULTS)
    text = _replayed()[name]
    return _without_words(text) if name == "rejected.jsonl" else text


def late() -> str:
    """What came too late by the live rules."""
    return _without_words(_replayed("--arrival")["late.jsonl"])


def _without_words(text: str) -> str:
    rows = [json.loads(line) for line in text.splitlines()]
    as_one = (json.dumps(row | {"detail": ""}, separators=(",", ":")) for row in rows)
    return "".join(f"{line}\n" for line in as_one)


def settings() -> str:
    """Every key with what holds if the file does not say it."""
    return floorwatch("check-config", "--show", str(FILES / "every-table.toml"))


def commands() -> str:
    """Every command with its arguments and options; not what --help says of them."""
    return "".join(f"{line}\n" for line in _lines("floorwatch", typer.main.get_command(app)))


def _lines(path: str, command: Any) -> list[str]:
    lines = [f"{path} {_parameter(one)}" for one in command.params if one.name != "help"]
    for name, inner in sorted(getattr(command, "commands", {}).items()):
        lines += [f"{path} {name}", *_lines(f"{path} {name}", inner)]
    return lines


def _parameter(one: Any) -> str:
    """An argument is known by its place, an option by its names."""
    name = "an argument" if one.param_type_name == "argument" else " ".join(one.opts)
    several = ", several" if one.multiple or one.nargs != 1 else ""
    kind = "flag" if getattr(one, "is_flag", False) else "with a value"
    default = "must be given" if one.required else f"default {one.default!r}"
    return f"{name}: {kind}{several}, {default}"
