"""Calls of which nobody tells what became of them: when they are known to wait."""

from collections.abc import Sequence

import pytest

from stream.shard import Shard
from stream.spec import SourceSpec, Spec
from stream.units import HOUR_MS
from stream.windows.known_waits import known_waits
from tests.windows.telling import T_MS, Event, call, heartbeat, push

WAIT_MS = 4 * HOUR_MS
Part = tuple[float, float, bool]
"""Start and end of a part in seconds, and whether the call is lost there."""


def told(*batches: Sequence[Event]) -> Shard:
    shard = Shard(Spec(event_clock=True, sources=(SourceSpec(heartbeat_ms=10_000),)))
    for batch in batches:
        assert push(shard, list(batch)) == []
    return shard


def parts(shard: Shard, until_s: float) -> list[Part]:
    """The parts of all waits that are known before an instant."""
    until_ms = T_MS + round(until_s * 1000)
    waits = shard.engine.counting.calls.waits(T_MS - 1, until_ms)
    known = known_waits(shard.engine.sources, waits, WAIT_MS, until_ms)
    columns = (known.start_ms - T_MS) / 1000, (known.end_ms - T_MS) / 1000, known.lost
    return list(zip(*(column.tolist() for column in columns), strict=True))


def beats(first: int, last: int, source: str = "main") -> list[Event]:
    return [heartbeat(second, source) for second in range(first, last + 1, 10)]


OFFERED = [heartbeat(0), call(5, "offered"), *beats(10, 40)]
OTHER = beats(0, 120, "other")
FOUR_HOURS = 5 + WAIT_MS / 1000


def test_a_call_waits_while_its_source_is_heard() -> None:
    assert parts(told(OFFERED), 41) == [(5, FOUR_HOURS, True)]


def test_a_call_is_lost_when_its_source_falls_silent() -> None:
    assert parts(told(OFFERED, OTHER), 121) == [(5, 70.001, True)]


def test_a_call_that_was_lost_does_not_wait_again_when_its_source_is_back() -> None:
    shard = told(OFFERED, OTHER, beats(120, 130))
    assert parts(shard, 131) == [(5, 70.001, True)]
    shard.engine.sources.drop_silences(T_MS + 200_000)  # control has observed that time
    assert parts(shard, 131) == [(5, 40, True)]


def test_a_call_waits_again_when_its_source_sends_what_it_had_buffered() -> None:
    shard = told(OFFERED, OTHER, beats(50, 130))
    assert parts(shard, 131) == [(5, 70.001, True), (120, FOUR_HOURS, True)]


def test_a_call_that_comes_after_a_gap_waits() -> None:
    shard = told(OFFERED, OTHER, [heartbeat(120), call(121, "offered", call="c2")])
    assert parts(shard, 125)[1:] == [(121, 121 + WAIT_MS / 1000, True)]


def test_a_call_whose_end_is_told_later_waited_through_the_gap() -> None:
    shard = told(OFFERED, OTHER, [call(130, "abandoned"), *beats(130, 140)])
    assert parts(shard, 141) == [(5, 130, False)]


@pytest.mark.parametrize("crowd", [70])
def test_gaps_that_a_waiting_call_needs_are_not_dropped(crowd: int) -> None:
    later = [[heartbeat(200 * number)] for number in range(1, crowd)]
    shard = told(OFFERED, *later)
    assert parts(shard, 200 * crowd)[0][1] < 200
