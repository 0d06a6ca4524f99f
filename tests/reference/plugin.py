"""Pytest: after the run, say which share of the histories had which awkward case."""

import pytest

pytest.register_assert_rewrite("tests.reference.properties")

from tests.reference.labels import TALLY, shares  # noqa: E402 - rewritten first


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not TALLY["histories"]:
        return
    terminalreporter.section(f"cases in {TALLY['histories']} histories")
    for line in shares():
        terminalreporter.write_line(line)
