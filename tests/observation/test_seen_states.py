"""What control sees of agents whose state is not known, and what it makes of their teams."""

import pytest

from stream.control.model import Verdict
from stream.events.language import State
from stream.observation.seen_states import DAY_OVER, SEEN_NAMES, SILENT
from stream.shard import Shard
from stream.spec import LocalSpan, ShiftSpec, Spec
from tests.windows.telling import T_MS, Event, heartbeat, push, state

HOUR_S = 3_600
DAY_S = 24 * HOUR_S
SHIFT = Spec(event_clock=True, shifts=(ShiftSpec((LocalSpan(9 * 60, 18 * 60),)),))
"""`T_MS` is 09:00."""
PLAIN = Spec(event_clock=True)


def shard_at(at_s: float, spec: Spec, events: list[Event], *sources: str) -> Shard:
    """A shard at an instant up to which these sources, beside the events, were heard of."""
    shard = Shard(spec)
    told = [*events, *(heartbeat(t, one) for one in sources for t in _beats(at_s))]
    push(shard, sorted(told, key=lambda one: int(one["ts"])))
    shard.step(T_MS + round(at_s * 1_000) + 1)
    return shard


def _beats(at_s: float) -> list[float]:
    return [*range(0, int(at_s), 30), at_s]


def seen(shard: Shard) -> dict[str, int]:
    """Heads of the only team as control sees them."""
    ((_, *_),) = shard.names.teams.keys
    heads = shard.watch.heads(shard.engine)[0].tolist()
    return {name: count for name, count in zip(SEEN_NAMES, heads, strict=True) if count}


def figures(shard: Shard) -> dict[str, int]:
    """The same as the figures have them."""
    heads = shard.figures().teams.heads[0].tolist()
    return {State(number).name: count for number, count in enumerate(heads) if count}


def verdict(shard: Shard) -> Verdict:
    (view,) = [v for v in shard.control.views() if v.team and v.detector == "verdict"]
    return view.state


def team(at_s: float, names: str, source: str = "main") -> list[Event]:
    return [state(at_s, name, "available", team="blue", source=source) for name in names]


@pytest.mark.parametrize("left_in", ["available", "aux", "talking"])
def test_one_forgotten_log_off_does_not_blind_a_team_of_six(left_in: str) -> None:
    at_s = DAY_S - HOUR_S / 2
    left = state(8.5 * HOUR_S, "f", left_in, team="blue")
    shard = shard_at(at_s, SHIFT, [left, *team(at_s - 600, "abcde")], "main")
    assert seen(shard) == {"available": 5, "day_over": 1}
    assert figures(shard) == {"available": 5, "unknown": 1}
    assert verdict(shard) == Verdict.in_control


def test_who_is_beyond_a_limit_of_his_working_day_still_blinds() -> None:
    at_s = 4 * HOUR_S
    lost = state(HOUR_S, "f", "talking", team="blue")
    shard = shard_at(at_s, SHIFT, [lost, *team(at_s - 600, "abcde")], "main")
    assert seen(shard) == figures(shard) == {"available": 5, "unknown": 1}
    assert verdict(shard) == Verdict.insufficient_data


@pytest.mark.parametrize(
    ("heard", "silent", "found"),
    [("abcdef", "ghij", Verdict.in_control), ("abcdef", "ghijkl", Verdict.stale)],
)
def test_a_silent_source_of_two_blinds_nobody_below_half_of_the_team(
    heard: str, silent: str, found: Verdict
) -> None:
    events = [heartbeat(0, "other"), *team(0, heard), *team(0, silent, "other")]
    shard = shard_at(600, PLAIN, events, "main")
    assert seen(shard) == {"available": len(heard), "silent": len(silent)}
    assert verdict(shard) == found


@pytest.mark.parametrize("has_heartbeats", [True, False])
def test_of_a_source_that_is_retired_nobody_is_there_for_control_and_figures(
    has_heartbeats: bool,
) -> None:
    spec = Spec(event_clock=True, shifts=(ShiftSpec((LocalSpan(9 * 60, 9 * 60 - 1),)),))
    beats = [heartbeat(0, "other")] if has_heartbeats else []
    events = [*beats, *team(0, "ghijkl", "other")]
    for at_s, there in ((DAY_S - 60, False), (DAY_S + 60, True)):
        now = [*events, *team(at_s - 10, "abcdef")]
        shard = shard_at(at_s, spec, now, "main")
        assert (figures(shard) == {"available": 6, "offline": 6}) is there
        assert (seen(shard) == {"available": 6, "offline": 6}) is there
        assert (verdict(shard) == Verdict.stale) is (has_heartbeats and not there)


def test_the_names_are_those_of_the_numbers() -> None:
    assert (SEEN_NAMES[SILENT], SEEN_NAMES[DAY_OVER]) == ("silent", "day_over")
    assert SEEN_NAMES[State.unknown] == "unknown"
