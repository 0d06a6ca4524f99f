"""Failpoints: named points at which a test kills or stops this process; off by default.

Only dying between two steps shows what can go wrong there. `FLOORWATCH_FAULT` names the action, the
point and the pass: ``kill@commit.after#3`` sends the process SIGKILL after its third commit,
``stop@flip.before`` SIGSTOP before its first switch of a manifest.
"""

import os
import re
import signal
from dataclasses import dataclass
from typing import Final

from stream.errors import ConfigurationError

VARIABLE: Final = "FLOORWATCH_FAULT"
SIGNALS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
STEPS: Final = (
    "decode",
    "push",
    "step",
    "letters",
    "archive",
    "commit",
    "upload",
    "flip",
    "views",
    "audit",
    "page",
    "kafka_commit",
    "acquire",
    "restore",
)
"""Each has a point before and a point after it."""
_SPEC: Final = re.compile(
    r"(?P<action>\w+)@(?P<step>\w+)\.(?P<side>before|after)(?:#(?P<nth>\d+))?"
)


@dataclass(slots=True)
class _Plan:
    point: str
    passes_left: int
    number: signal.Signals

    def passed(self, point: str) -> None:
        if point == self.point:
            self.passes_left -= 1
            if self.passes_left == 0:
                os.kill(os.getpid(), self.number)


_plan: _Plan | None = None


def arm(text: str) -> None:
    """Arm the failpoint that the text names; call it once, before work begins.

    Raises:
        ConfigurationError: the action, step, side or pass is unknown.
    """
    global _plan  # noqa: PLW0603 - one process, one fault
    match = _SPEC.fullmatch(text)
    if match is None or match["action"] not in SIGNALS or match["step"] not in STEPS:
        msg = (
            f"{VARIABLE} = '{text}'; allowed: {' or '.join(SIGNALS)}, '@', a step "
            f"({', '.join(STEPS)}), '.before' or '.after', and perhaps '#' and the pass: "
            "kill@commit.after#3"
        )
        raise ConfigurationError(msg)
    point = f"{match['step']}.{match['side']}"
    _plan = _Plan(point, int(match["nth"] or 1), SIGNALS[match["action"]])


class failpoint:  # noqa: N801 - reads as a word: `with failpoint("commit"):`
    """The points before and after a step; a step that fails has no point after it."""

    __slots__ = ("_step",)

    def __init__(self, step: str) -> None:
        self._step = step

    def __enter__(self) -> None:
        """The point before."""
        if _plan is not None:
            _plan.passed(f"{self._step}.before")

    def __exit__(self, kind: object, *_rest: object) -> None:
        """The point after."""
        if _plan is not None and kind is None:
            _plan.passed(f"{self._step}.after")
