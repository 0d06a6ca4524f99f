"""Pytest: after the run, say which share of the histories was of which kind."""

from typing import Any

import pytest

pytest.register_assert_rewrite("tests.reference.engine_properties")

from tests.reference.kinds import TALLY, shares  # noqa: E402 - rewritten first


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With pytest-xdist the histories are drawn in other processes, which tell at their end."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["kinds"] = dict(TALLY)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    told = getattr(node, "workeroutput", {})
    TALLY.update(told.get("kinds", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if TALLY["histories"]:
        terminalreporter.section(f"kinds in {TALLY['histories']} histories")
        for line in shares():
            terminalreporter.write_line(line)
