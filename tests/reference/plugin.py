"""Pytest: after the run, say which share of the histories had which awkward case."""

from typing import Any

import pytest

pytest.register_assert_rewrite("tests.reference.properties")

from tests.reference.labels import TALLY, shares  # noqa: E402 - rewritten first


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With pytest-xdist the histories are drawn in other processes, which tell at their end."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["cases"] = dict(TALLY)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    TALLY.update(getattr(node, "workeroutput", {}).get("cases", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not TALLY["histories"]:
        return
    terminalreporter.section(f"cases in {TALLY['histories']} histories")
    for line in shares():
        terminalreporter.write_line(line)
