"""When tasks work, on a clock that a test moves."""

import pytest

from stream.agents.cycle_times import CYCLE_MS, TICK_MS, CycleTimes

NOW_MS = 7_654_321


@pytest.mark.parametrize("phase_ms", [0, 125, 999])
def test_no_tick_is_left_out_however_late_each_turn_begins_and_ends(phase_ms: int) -> None:
    times, now_ms, ticks = CycleTimes(phase_ms), NOW_MS, []
    for turn in range(200):
        now_ms = times.next_cycle_ms(now_ms) + (turn * 37) % 90  # it begins late
        ticks.append(times.tick(now_ms))
        now_ms += (turn * 53) % 400  # and takes its time
    assert sorted(set(ticks)) == list(range(ticks[0], ticks[-1] + 1))
    assert len(set(ticks)) in {100, 101}


def test_a_cycle_begins_after_now_and_at_the_phase() -> None:
    times = CycleTimes(125)
    assert times.next_cycle_ms(10_124) == 10_125
    assert times.next_cycle_ms(10_125) == 10_625
    assert times.next_cycle_ms(10_624) == 10_625


def test_every_second_cycle_is_a_tick() -> None:
    times, at_ms, ticks = CycleTimes(250), NOW_MS, []
    for _ in range(10):
        at_ms = times.next_cycle_ms(at_ms)
        ticks.append(times.tick(at_ms))
    assert TICK_MS == 2 * CYCLE_MS
    assert [ticks.count(tick) for tick in sorted(set(ticks))[1:-1]] == [2] * (len(set(ticks)) - 2)


@pytest.mark.parametrize("tasks", [1, 3, 8])
def test_the_tasks_of_a_worker_are_spread_evenly_over_a_tick(tasks: int) -> None:
    all_times = [CycleTimes() for _ in range(tasks)]
    for place, times in enumerate(all_times):
        times.share(place, tasks)
    begins = sorted(times.phase_ms for times in all_times)
    gaps = [after - before for before, after in zip(begins, [*begins[1:], TICK_MS], strict=True)]
    assert begins[0] == 0
    assert max(gaps) - min(gaps) <= 1
