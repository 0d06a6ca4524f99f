"""The rules of this house, each held against the code, and each shown to be able to fail."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components import ROOT

BODY_LINES_MOST = 40
MODULE_LINES_MOST = 300
COLUMNS_MOST = 100

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PURITY = next(
    contract
    for contract in PROJECT["tool"]["importlinter"]["contracts"]
    if contract["name"].startswith("The pure part")
)
PURE = tuple(module.removeprefix("stream.") for module in PURITY["source_modules"])
IMPURE_MODULES = frozenset(PURITY["forbidden_modules"])
EXCEPTIONS = frozenset(line.replace(" -> ", ": imports ") for line in PURITY["ignore_imports"])
IMPURE_CALLS = frozenset({"open", "print", "input", "breakpoint"})
CLOCK_READINGS = ("datetime.now", "datetime.utcnow", "date.today", "datetime.today")
UNSEEDED = frozenset({"default_rng", "seed", "SystemRandom"})


def python_files(*folders: str) -> list[Path]:
    """Our own Python files, in order."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def written_files() -> list[Path]:
    """All of ours but the boards, which are pages of text in two languages."""
    folders = ("stream", "dashboards", "tests", "benchmarks")
    boards = ROOT / "dashboards" / "boards"
    return [path for path in python_files(*folders) if boards not in path.parents]


def pure_files() -> list[Path]:
    """The files of the pure part."""
    return [
        path
        for path in python_files("stream")
        if path.relative_to(ROOT / "stream").parts[0].removesuffix(".py") in PURE
    ]


def long_functions(source: str) -> Iterator[str]:
    """Functions whose body, without its docstring, has too many lines."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node, clean=False) else node.body
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            if lines > BODY_LINES_MOST:
                yield f"{node.lineno}: {node.name} has {lines} lines"


def impurities(source: str) -> Iterator[str]:
    """Imports and calls that read a clock, do I/O, or draw unseeded random numbers."""
    for node in ast.walk(ast.parse(source)):
        for name in _imported(node):
            if name.partition(".")[0] in IMPURE_MODULES:
                yield f"{_line(node)}: imports {name}"
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in IMPURE_CALLS:
                yield f"{node.lineno}: calls {called.id}"
            if isinstance(called, ast.Attribute) and ast.unparse(called).endswith(CLOCK_READINGS):
                yield f"{node.lineno}: reads the clock with {called.attr}"
            if isinstance(called, ast.Attribute) and called.attr in UNSEEDED and not node.args:
                yield f"{node.lineno}: {called.attr} without a seed"


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


def wide_lines(source: str) -> Iterator[str]:
    """Lines with too many columns; what is said to a linter behind the code does not count."""
    for number, whole in enumerate(source.splitlines(), 1):
        line = re.split(r"  # (?:type: ignore|noqa)", whole)[0]
        if len(line) > COLUMNS_MOST:
            yield f"{number}: {len(line)} columns"


def found(paths: list[Path], rule: str) -> list[str]:
    """What a rule finds in files, with their names."""
    check = {"long": long_functions, "wide": wide_lines, "impure": impurities}[rule]
    return [
        f"{path.relative_to(ROOT)}:{finding}"
        for path in paths
        for finding in check(path.read_text(encoding="utf-8"))
    ]


def without_line(finding: str) -> str:
    """A finding as import-linter names it: the module instead of file and line."""
    file, _, rest = finding.partition(".py:")
    return f"{file.replace('/', '.')}:{rest.partition(':')[2]}"


def test_no_function_is_longer_than_a_screen() -> None:
    assert found(written_files(), "long") == []


def test_no_module_is_longer_than_three_hundred_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in written_files()
    }
    assert {name: n for name, n in lengths.items() if n > MODULE_LINES_MOST} == {}


def test_no_line_is_wider_than_a_hundred_columns() -> None:
    assert found(written_files(), "wide") == []


def test_the_pure_part_reads_no_clock_and_does_no_io() -> None:
    assert pure_files()
    findings = found(pure_files(), "impure")
    assert [finding for finding in findings if without_line(finding) not in EXCEPTIONS] == []


def test_every_room_of_the_pure_part_is_lived_in() -> None:
    rooms = {path.stem for path in (ROOT / "stream").iterdir()}
    assert [name for name in PURE if name not in rooms] == []


def test_imports_run_one_way() -> None:
    """import-linter's contracts, in pyproject.toml."""
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    '''Doc.'''\n" + "    x = 1\n" * (BODY_LINES_MOST + 1),
        "async def f():\n" + "    x = 1\n" * (BODY_LINES_MOST + 1),
    ],
)
def test_the_rule_on_length_can_fail(source: str) -> None:
    assert len(list(long_functions(source))) == 1


def test_the_rule_on_length_does_not_count_docstrings() -> None:
    source = f"def f():\n    '''{'Doc.' + chr(10) * 60}'''\n" + "    x = 1\n" * BODY_LINES_MOST
    assert list(long_functions(source)) == []


def test_the_rule_on_width_can_fail() -> None:
    assert list(wide_lines("x" * COLUMNS_MOST)) == []
    assert list(wide_lines("x" * (COLUMNS_MOST + 1))) == ["1: 101 columns"]
    assert list(wide_lines("x" * COLUMNS_MOST + "  # noqa: S101 - our own")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "import os.path as p",
        "from asyncio import sleep",
        "def f():\n    import logging",
        "from datetime import datetime\nx = datetime.now()",
        "import datetime\nx = datetime.date.today()",
        "print(1)",
        "x = open('y')",
        "import numpy as np\nx = np.random.default_rng()",
    ],
)
def test_the_rule_on_purity_can_fail(source: str) -> None:
    assert len(list(impurities(source))) == 1


def test_the_rule_on_purity_lets_formulas_pass() -> None:
    source = "from datetime import UTC, datetime\nx = datetime.fromtimestamp(0, tz=UTC)"
    assert list(impurities(source)) == []
