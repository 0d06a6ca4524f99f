"""What the documents quote of a worker's pages and log is what it says there."""

import ast
import re
from functools import cache

import pytest

from tests.components import ROOT
from tests.golden.goldens import written

LOGGING = frozenset({"debug", "info", "warning", "error", "exception"})
GAP = "…"
"""Stands for what differs from case to case."""


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def quoted() -> list[str]:
    """Texts between double quotes in the runbook, outside of commands and settings."""
    plain = re.sub(r"`[^`]*`", "", " ".join(text_of("runbook.md").split()))
    return re.findall(r'"([^"]+)"', plain)


def on_the_page() -> list[str]:
    """Reasons that operations.md lists behind `/readyz`."""
    rows = re.findall(r"^\| `/readyz`: (.*?) \|", text_of("operations.md"), re.MULTILINE)
    return [reason for row in rows for reason in row.split("; ")]


def in_the_log() -> list[str]:
    """Lines of the log that either of them names."""
    text = " ".join((text_of("operations.md") + text_of("runbook.md")).split())
    return re.findall(r"log says `([^`]+)`", text)


def named_in_the_log() -> list[str]:
    """Words in capitals that stand in a log."""
    return re.findall(r"`([A-Z]+)` in a log", text_of("operations.md"))


@cache
def literals() -> tuple[tuple[str, bool], ...]:
    """Each text of the source without docstrings, and whether it goes to a log."""
    found = []
    for path in sorted([*(ROOT / "stream").rglob("*.py"), *(ROOT / "dashboards").rglob("*.py")]):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        nodes = list(ast.walk(tree))
        docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        logged = {
            id(node.args[0])
            for node in nodes
            if isinstance(node, ast.Call) and node.args
            if isinstance(node.func, ast.Attribute) and node.func.attr in LOGGING
        }
        found += [
            (text, id(node) in logged)
            for node in nodes
            if id(node) not in docstrings and (text := _literal(node))
        ]
    return tuple(found)


def _literal(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(_literal(part) or GAP for part in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"%[a-z]", GAP, node.value)
    return ""


def says(literal: str, quote: str) -> bool:
    """Whether the parts of the quote stand in the literal, in order, in capitals or not."""
    literal, quote = literal.casefold(), quote.casefold()
    at = 0
    for part in filter(None, (part.strip() for part in quote.split(GAP))):
        at = literal.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


@pytest.mark.parametrize("quote", dict.fromkeys([*quoted(), *on_the_page()]))
def test_what_the_documents_quote_is_said_somewhere(quote: str) -> None:
    assert any(says(literal, quote) for literal, _ in literals())


@pytest.mark.parametrize("quote", dict.fromkeys(in_the_log()))
def test_a_line_of_the_log_that_the_documents_name_is_logged(quote: str) -> None:
    assert any(says(literal, quote) for literal, is_logged in literals() if is_logged)


@pytest.mark.parametrize("word", dict.fromkeys(named_in_the_log()))
def test_a_word_of_the_log_that_the_documents_name_is_one_of_ours(word: str) -> None:
    assert (word, False) in literals()


def test_there_are_such_quotes() -> None:
    assert len(quoted()) >= 5
    assert len(on_the_page()) >= 7
    assert len(in_the_log()) >= 2
    assert named_in_the_log() == ["FENCED", "MISMATCH"]


def test_the_search_can_fail() -> None:
    assert says("sink … did not take … alerts: …", "sink … did not take")
    assert not says("sink … took … alerts", "sink … did not take")
    assert not any(says(literal, "Kafka is on holiday") for literal, _ in literals())


@pytest.mark.parametrize("document", ["runbook.md", "operations.md"])
def test_every_setting_that_the_documents_name_is_one(document: str) -> None:
    sections: dict[str, set[str]] = {}
    for line in written("settings.toml").splitlines():
        if line.startswith("["):
            keys = sections.setdefault(line.strip("[]").partition(".")[0], set())
        elif line:
            keys.add(line.partition(" ")[0])
    named = re.findall(r"`\[(\w+)\] (\w+)", text_of(document))
    assert named
    assert [(section, key) for section, key in named if key not in sections[section]] == []
