"""Keeps figures of a benchmark with the commit: ``python benchmarks/run.py | … record.py FILE``.

Reads what `run.py` or `live.py` prints, passes it on, appends one JSON line to FILE and prints the
line before it beside it. With ``--check`` it appends nothing, and fails where Floorwatch does less
than `RATIO_MIN` of what plain Python does by CPU: machines are too noisy for a closer limit.

Ratios are Floorwatch's events per CPU second over the peer's: they compare between machines, which
events per second do not. A commit with `+` had changes on top.
"""

import argparse
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PER_CPU = "_events_per_cpu_s"
OURS = "floorwatch"
PLAIN = "plain_python"
RATIO_MIN = 0.7
LIVE = "view_p99_s"
"""A figure that `live.py` has, and `run.py` has not."""


def main() -> int:
    """Record one run, or check it; exit status 1 if it is too slow, or ends without figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, help="the history: a line of JSON for each run")
    parser.add_argument("--check", action="store_true", help="append nothing; fail if too slow")
    options = parser.parse_args()
    path: Path = options.file
    last = ""
    for line in sys.stdin:
        print(line, end="", flush=True)
        last = line
    try:
        record = record_of(json.loads(last))
    except (ValueError, KeyError, AttributeError):
        print("record: the input does not end with the figures of a benchmark", file=sys.stderr)
        return 1
    before = last_record(path)
    if not options.check:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
    print("\n".join(side_by_side(before, record)))
    ratio = record.get("ratios", {}).get(PLAIN, RATIO_MIN)
    if options.check and ratio < RATIO_MIN:
        print(f"record: {ratio} x {PLAIN} by CPU is below {RATIO_MIN}", file=sys.stderr)
        return 1
    return 0


def record_of(figures: dict[str, Any]) -> dict[str, Any]:
    """What is kept of a benchmark's closing JSON object."""
    origin = {
        "commit": _commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "cores": os.cpu_count(),
    }
    if LIVE in figures:
        return origin | figures
    per_cpu_s = {
        key.removesuffix(PER_CPU): value for key, value in figures.items() if key.endswith(PER_CPU)
    }
    ours = per_cpu_s.pop(OURS)
    return {
        **origin,
        "events_per_cpu_s": ours,
        "ratios": {name: round(ours / peer, 3) for name, peer in per_cpu_s.items()},
        "bytes_per_agent": figures["bytes_per_agent"],
        "hash": figures["hash"],
    }


def last_record(path: Path) -> dict[str, Any] | None:
    """The newest record of the file, if there is one."""
    if not path.exists():
        return None
    lines = path.read_text(encoding="utf-8").splitlines()
    return json.loads(lines[-1]) if lines else None


def side_by_side(before: dict[str, Any] | None, record: dict[str, Any]) -> list[str]:
    """Text for people: each figure of the record beside that of the one before."""
    older, newer = _flat(before or {}), _flat(record)
    return [f"{name:<20}{older.get(name, '-')!s:>18}{value!s:>18}" for name, value in newer.items()]


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    ratios = {f"x {name}": ratio for name, ratio in record.get("ratios", {}).items()}
    return {key: value for key, value in record.items() if key != "ratios"} | ratios


def _commit() -> str:
    """The commit of the tree; `unknown` outside a repository."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--abbrev=7", "--exclude=*"],  # noqa: S607 - found on the PATH
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
