"""One list of checks: `make check` and the hooks before a commit."""

import re
from typing import Any

import yaml

from tests.components import ROOT


def made_by(target: str) -> list[str]:
    """The commands of a target of the Makefile, with its variables put in."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8").replace("$(BIN)", ".venv/bin")
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert found is not None, target
    return [line.strip().removeprefix("@") for line in found[1].splitlines()]


def hooks() -> list[dict[str, Any]]:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    return [hook for repo in config["repos"] for hook in repo["hooks"]]


def test_a_commit_is_checked_as_make_check_does() -> None:
    assert [hook["entry"] for hook in hooks()] == made_by("check")


def test_hooks_fetch_nothing_and_check_the_whole_tree() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    assert all(hook["language"] == "system" and not hook["pass_filenames"] for hook in hooks())
