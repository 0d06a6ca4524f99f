"""Names and bytes that others rely on are those that are written down."""

import ast
from pathlib import Path

import pytest

from stream.events.language import Reason
from tests.components import ROOT
from tests.golden.goldens import GOLDENS, written
from tests.golden.program import FILES, floorwatch

GIVEN = {"floor.toml", "every-table.toml"}


@pytest.mark.parametrize("name", GOLDENS)
def test_what_is_made_is_what_is_written_down(name: str) -> None:
    assert GOLDENS[name]() == written(name), f"on purpose? python -m tests.golden {name}"


def test_no_file_is_left_of_what_is_no_longer_made() -> None:
    there = {str(path.relative_to(FILES)) for path in FILES.rglob("*") if path.is_file()}
    assert there == GOLDENS.keys() | GIVEN


def test_every_reason_has_its_dead_letter() -> None:
    reasons = [line.split()[0] for line in written("dead_letters.txt").splitlines()]
    assert sorted(reasons) == sorted(Reason)


def test_every_table_of_the_configuration_is_shown() -> None:
    described = floorwatch("check-config", "--help").splitlines()
    tables = {line.split("]")[0].strip("[").split(".")[0] for line in described if line[:1] == "["}
    shown = {line.strip("[]").split(".")[0] for line in settings() if line[:1] == "["}
    assert shown == tables


def settings() -> list[str]:
    return written("settings.toml").splitlines()


def steps_of(source: Path) -> set[str]:
    """Texts of `with around("text"):`, under whatever name it is imported."""
    return {
        argument.value
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.With)
        for item in node.items
        if isinstance(item.context_expr, ast.Call) and isinstance(item.context_expr.func, ast.Name)
        for argument in item.context_expr.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def test_every_failpoint_is_passed_somewhere() -> None:
    named = {line for line in written("failpoints.txt").splitlines()[1:] if "@" not in line}
    passed = set[str]().union(*map(steps_of, (ROOT / "stream").rglob("*.py")))
    assert named == passed
