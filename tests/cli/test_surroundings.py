"""The commands as whole programs, in any locale and where they must not write."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TEAM, AGENT = "销售一组", "李雷"
LOCALES = ({"LC_ALL": "C"}, {"LC_ALL": "POSIX"}, {"LC_ALL": "zh_CN.GBK", "PYTHONIOENCODING": "gbk"})
"""The last is that of a Chinese desktop; where it is not installed, Python still encodes in GBK."""


def run(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a folder, without what Python does by itself against narrow locales."""
    return subprocess.run(
        [sys.executable, "-m", "stream.cli.main", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", **environ},
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a configuration, a roster and events of a Chinese centre."""
    events = [
        {"type": "state", "ts": 1_772_438_400_000 + at, "agent": AGENT, "state": state}
        for at, state in ((0, "available"), (60_000, "talking"))
    ]
    lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
    (tmp_path / "day.jsonl").write_text(lines, encoding="utf-8")
    (tmp_path / "r.csv").write_text(f"agent,team\n{AGENT},{TEAM}\n", encoding="utf-8")
    shift = '[[shift]]\nteam = "早班"\ntimes = ["08:00-16:00"]\n'
    (tmp_path / "c.toml").write_text(f'[roster]\nfile = "r.csv"\n{shift}', encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("environ", LOCALES, ids=lambda one: one["LC_ALL"])
def test_names_in_chinese_are_read_printed_and_written_in_any_locale(
    desk: Path, environ: dict[str, str]
) -> None:
    done = run(desk, "check-config", "c.toml", **environ)
    assert done.returncode == 0, done.stderr
    assert f"no [[shift]] for the teams {TEAM}" in done.stdout.decode()
    done = run(
        desk, "replay", "events", "day.jsonl", "--config", "c.toml", "--out", "out", **environ
    )
    assert done.returncode == 0, done.stderr
    assert f"{TEAM},{AGENT}" in (desk / "out" / "agents.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("out", "why"),
    [
        ("day.jsonl", "file exists"),
        ("day.jsonl/out", "not a directory"),
        ("/proc/out", "no such file or directory"),  # a file system that takes no folders of ours
    ],
)
def test_results_that_cannot_be_written_are_one_line(desk: Path, out: str, why: str) -> None:
    done = run(desk, "replay", "events", "day.jsonl", "--out", out)
    assert done.returncode == 2
    assert done.stderr.decode() == f"floorwatch: --out {out}: {why}\n"
