"""The walk-throughs of CONTRIBUTING.md lead where they say: each is followed on a copy.

In a walk-through a block of code with a path behind its language is a file to be written, a `diff`
with a path a change to that file, and `sh` commands to be run in the root of the project; those of
`sh fails` must fail.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.components import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FOLDERS = (".ci", "stream", "tests", "docs", "dashboards", "benchmarks", "deploy")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "jars")
FAILS = "fails"


class Block(NamedTuple):
    """A block of code: its language, what stands behind it, and its text."""

    language: str
    target: str
    text: str


def walk_through(title: str, text: str = TEXT) -> list[Block]:
    """The blocks of a section that do something."""
    _, _, rest = text.partition(f"\n## {title}\n")
    section = rest.partition("\n## ")[0]
    return [Block(*found) for found in BLOCK.findall(section)]


def change(before: str, diff: str) -> str:
    """A text with a change applied, whose old lines must stand there once."""
    # An editor may take the blank of an empty line away.
    lines = [line if line.strip() else " \n" for line in diff.splitlines(keepends=True)]
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    assert before.count(old) == 1, f"stands there {before.count(old)} times:\n{old}"
    return before.replace(old, new)


def run(commands: str, root: Path) -> "subprocess.CompletedProcess[str]":
    """Run shell commands in a copy of the project, with this Python and the copy's code."""
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    return subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", commands],
        cwd=root,
        env={**environment, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )


def follow(blocks: list[Block], root: Path) -> None:
    """Do what the blocks say."""
    for block in blocks:
        if block.language == "sh":
            done = run(block.text, root)
            failed = done.returncode != 0
            assert failed == (block.target == FAILS), block.text + done.stdout + done.stderr
        elif block.target:
            path = root / block.target
            is_new = block.language != "diff"
            text = block.text if is_new else change(path.read_text(encoding="utf-8"), block.text)
            path.write_text(text, encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    """A copy of the project, which has the virtual environment of this one."""
    root = tmp_path / "project"
    root.mkdir()
    for name in FOLDERS:
        shutil.copytree(ROOT / name, root / name, ignore=LEFT_OUT)
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy2(path, root)
    (root / ".venv").symlink_to(sys.prefix)
    yield root
    shutil.rmtree(root)


@pytest.mark.slow
@pytest.mark.parametrize(
    "titles",
    [
        ["Add a ratio"],
        ["Add a state"],
        ["Write a detector", "Give a detector a new input"],
        ["Exempt heads from alarms"],
        ["Add a configuration key"],
        ["Read another recorded format"],
        ["Add an HTTP resource"],
        ["Keep state over a fail-over"],
    ],
    ids=" and ".join,
)
def test_a_walk_through_leads_where_it_says(titles: list[str], copy: Path) -> None:
    for title in titles:
        blocks = walk_through(title)
        assert {"sh", "diff"} & {block.language for block in blocks}

        follow(blocks, copy)


def test_the_table_names_files_that_exist_and_sections_that_are_there() -> None:
    rows = TEXT.partition("## Where to start")[2].partition("\n## ")[0]
    files = re.findall(r"`(stream/[\w./]+)`", rows)
    assert files
    assert [name for name in files if not (ROOT / name).exists()] == []
    headings = {
        line[3:].lower().replace(" ", "-") for line in TEXT.split("\n") if line[:3] == "## "
    }
    assert set(re.findall(r"\(#([\w-]+)\)", TEXT)) - headings == set()


def test_a_change_that_fits_nowhere_or_twice_is_refused() -> None:
    assert change("a\nb\n", " a\n-b\n+c\n") == "a\nc\n"
    with pytest.raises(AssertionError, match="0 times"):
        change("a\n", "-b\n+c\n")
    with pytest.raises(AssertionError, match="2 times"):
        change("b\nb\n", "-b\n+c\n")


def test_a_command_that_ends_otherwise_than_the_text_says_is_noticed(tmp_path: Path) -> None:
    follow([Block("sh", "", "true\n"), Block("sh", FAILS, "false\n")], tmp_path)
    with pytest.raises(AssertionError):
        follow([Block("sh", "", "false | true\n")], tmp_path)
    with pytest.raises(AssertionError):
        follow([Block("sh", FAILS, "true\n")], tmp_path)


def test_modules_name_sections_that_are_there() -> None:
    named = {
        title
        for path in (ROOT / "stream").rglob("*.py")
        for title in re.findall(r'CONTRIBUTING\.md\s\("([^"]+)"\)', path.read_text("utf-8"))
    }
    assert named
    assert {title for title in named if f"\n## {title}\n" not in TEXT} == set()
