"""Each kind of mistake about jumps, made on purpose, is found by the storms."""

from typing import Any, Final

import pytest

from stream.windows import jump_test
from stream.windows.floor_marks import FloorMarks
from stream.windows.jump_test import JumpTest
from stream.windows.jumps import HeldEvents, HeldSource
from tests.reference.storms import check

STORMS_MOST: Final = 60
"""Within so many storms each mistake must show."""

MUTANTS: Final[dict[str, tuple[Any, str, Any]]] = {
    "a jump is confirmed at once": (FloorMarks, "needed_ms", lambda *_: 0),
    "a jump is never confirmed": (FloorMarks, "needed_ms", lambda *_: 2**60),
    "a source beside a living one needs five seconds": (
        FloorMarks, "needed_ms", lambda *_: 5_000,
    ),
    "nobody is contradicted": (JumpTest, "_compare", lambda *_: None),
    "a wrong year among right records stays": (HeldEvents, "refuse_later", lambda *_: None),
    "two sources do not confirm each other": (HeldSource, "is_near", lambda *_: False),
    "what the floor came near to stays on hold": (JumpTest, "settled", lambda *_: ()),
    "other sources are no reason for a small leap": (FloorMarks, "has_other", lambda *_: False),
    "what is on hold is forgotten between batches": (HeldEvents, "floors", lambda _: set()),
    "a leap is a day for all": (FloorMarks, "leap_ms", lambda *_, **__: 86_400_000),
    "jumps are looked for beside the floor's state before the batch": (
        jump_test, "max_before", lambda _, value, __: value,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mistake_shows_within_some_storms(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*MUTANTS[name])
    for seed in range(STORMS_MOST):
        for kind in ("usual", "off", "both"):
            try:
                check(kind, seed)
            except (AssertionError, KeyError, IndexError):
                return
    pytest.fail(f"not noticed: {name}")
