"""The audit by the live clock is able to fail, and forgives what lies within its tolerance."""

from dataclasses import replace

import orjson
import pytest

from stream.units import MINUTE_MS, rfc3339
from tests.faults.live import (
    END_TOLERANCE_MS,
    TOLERANCE_MS,
    Episode,
    decided_twice,
    episodes,
    unlike,
)
from tests.faults.log import Logged
from tests.faults.traffic import START_MS

ONE = Episode("a", ("floor", "pool", "team", "share"), START_MS, START_MS + 5 * MINUTE_MS)
LATE = replace(ONE, id="b", start_ms=ONE.start_ms + TOLERANCE_MS, end_ms=ONE.end_ms)
SHORT = replace(ONE, id="c", end_ms=ONE.start_ms + TOLERANCE_MS)


def document(at_ms: int, *, is_over: bool) -> bytes:
    return orjson.dumps(
        {
            "id": "a",
            "floor": "floor",
            "pool": "pool",
            "team": "team",
            "detector": "share",
            "at": rfc3339(at_ms),
            "starts_at": rfc3339(ONE.start_ms),
            "ends_at": rfc3339(at_ms) if is_over else None,
        }
    )


def test_within_the_tolerance_nothing_differs() -> None:
    assert unlike([ONE], [LATE]) == []
    assert unlike([ONE], [replace(ONE, end_ms=ONE.end_ms + END_TOLERANCE_MS)]) == []


def test_a_short_episode_may_have_been_missed_or_seen_by_one_alone() -> None:
    assert unlike([SHORT], []) == []
    assert unlike([], [SHORT]) == []


@pytest.mark.parametrize(
    "found",
    [
        [],
        [replace(LATE, start_ms=LATE.start_ms + 1)],
        [replace(ONE, end_ms=ONE.end_ms + END_TOLERANCE_MS + 1)],
        [replace(ONE, place=("floor", "pool", "team", "collective"))],
        [ONE, LATE],
    ],
    ids=["missing", "too late", "ends too late", "of another detector", "delivered under two ids"],
)
def test_beyond_it_something_does(found: list[Episode]) -> None:
    assert unlike([ONE], found)


def test_what_must_not_be_is_a_difference() -> None:
    assert unlike([], [ONE]) == [f"{ONE}: must not be"]


def test_an_episode_that_was_opened_again_ends_with_its_last_end() -> None:
    steps = [(0, False), (2, True), (3, False), (5, True)]
    steps_sent = [document(START_MS + at * MINUTE_MS, is_over=is_over) for at, is_over in steps]

    assert episodes(steps_sent, START_MS * 2) == [ONE]
    assert episodes(steps_sent[:-1], START_MS * 2) == [replace(ONE, end_ms=START_MS * 2)]


def test_a_step_that_is_delivered_again_is_no_difference_but_two_under_one_key_are() -> None:
    first = Logged(0, 1, START_MS, b"key", b"one", {})

    assert decided_twice([first, replace(first, offset=2)]) == []
    assert decided_twice([first, replace(first, offset=2, value=b"other")])
