"""Pytest: after the run, say which share of the histories had which awkward case."""

from typing import Any

import pytest

pytest.register_assert_rewrite("tests.reference.properties")

from tests.reference.labels import TALLY, shares  # noqa: E402 - rewritten first
from tests.reference.truth import kinds  # noqa: E402


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With pytest-xdist the histories are drawn in other processes, which tell at their end."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["cases"] = dict(TALLY)
        told["kinds"] = dict(kinds.TALLY)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    told = getattr(node, "workeroutput", {})
    TALLY.update(told.get("cases", {}))
    kinds.TALLY.update(told.get("kinds", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for tally, lines in ((TALLY, shares), (kinds.TALLY, kinds.shares)):
        if tally["histories"]:
            terminalreporter.section(f"cases in {tally['histories']} histories")
            for line in lines():
                terminalreporter.write_line(line)
