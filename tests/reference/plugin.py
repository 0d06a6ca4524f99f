"""Pytest: after the run, say which share of the histories had which awkward case."""

import pytest

from tests.reference.labels import TALLY, shares


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not TALLY["histories"]:
        return
    terminalreporter.section(f"cases in {TALLY['histories']} histories")
    for line in shares():
        terminalreporter.write_line(line)
