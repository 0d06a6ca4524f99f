"""What control is told of a source that falls silent and comes back within one push."""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from stream.control.model import Transition, Verdict
from stream.events.language import I64, STATE_COUNT, State
from stream.observation.changes import observe
from stream.observation.feed import Changes, StaleChanges
from stream.observation.seen_states import SEEN_NAMES
from stream.observation.stale_teams import stale_teams
from stream.shard import Shard
from stream.spec import LocalSpan, NameLimits, PeakSpec, Spec
from tests.windows.telling import T_MS, Event, call, heartbeat, push, state

SPEC = Spec(event_clock=True, peaks=(PeakSpec(LocalSpan(0, 1_440)),))
ONSET_S = 90.001
"""A source that was heard of at 0 is silent from here on."""
BACK_S = 300.0
ENTRY_STATES = np.arange(STATE_COUNT) == State.aux
Told = list[tuple[float, str, str]]
"""(second, state before, state after)"""


def quiet(*events: Event, since: str = "talking") -> list[Event]:
    """Ann's source is not heard of until 300 s; another one is."""
    said = [state(0, "ann", since, source="pbx"), heartbeat(0, "pbx"), heartbeat(BACK_S, "pbx")]
    said += [heartbeat(at, "other") for at in range(0, 331, 30)]
    return sorted([*events, *said], key=lambda one: int(one["ts"]))


def looked(
    events: list[Event], *until_s: float, times_ms: list[int] | None = None, spec: Spec = SPEC
) -> list[tuple[Changes, StaleChanges]]:
    """What control is told at each look, after a push of all events at once."""
    shard = Shard(spec)
    push(shard, events, times_ms)
    everyone = np.arange(len(shard.names.agents))
    instants = [T_MS, *(T_MS + round(until * 1_000) for until in until_s)]
    return [
        seen(shard, everyone if from_ms == T_MS else everyone[:0], from_ms, until_ms)
        for from_ms, until_ms in pairwise(instants)
    ]


def seen(shard: Shard, touched: I64, from_ms: int, until_ms: int) -> tuple[Changes, StaleChanges]:
    """What control is told at one look."""
    shard.watch.follow_names(shard.names)
    heads = shard.watch.heads(shard.engine)
    changes = observe(shard.engine, shard.watch, touched, from_ms, until_ms, ENTRY_STATES).changes
    return changes, stale_teams(heads, changes)[1]


def second(at_ms: int) -> float:
    return (at_ms - T_MS) / 1_000


def told(changes: Changes) -> Told:
    """How ann changed; before she is known, "-"."""
    return [
        (second(at), "-" if team < 0 else SEEN_NAMES[before], SEEN_NAMES[after])
        for at, team, before, after in zip(
            changes.at_ms.tolist(), changes.team_before.tolist(), changes.state_before.tolist(),
            changes.state_after.tolist(), strict=True,
        )
    ]  # fmt: skip


def staleness(changes: StaleChanges) -> list[tuple[float, bool]]:
    return [
        (second(at), stale)
        for at, stale in zip(changes.at_ms.tolist(), changes.stale.tolist(), strict=True)
    ]


def test_during_a_silence_that_is_over_an_agent_is_silent_and_his_team_stale() -> None:
    ((changes, stale),) = looked(quiet(), BACK_S + 30)
    assert told(changes) == [
        (0, "-", "talking"), (ONSET_S, "talking", "silent"), (BACK_S, "silent", "talking"),
    ]  # fmt: skip
    assert staleness(stale) == [(ONSET_S, True), (BACK_S, False)]


def test_looks_anywhere_within_the_silence_tell_the_same_in_parts() -> None:
    ((changes, stale),) = looked(quiet(), BACK_S + 30)
    for instants in [(90.001, 90.002, 300, 300.001, 330), (100, 330), (50, 299.999, 330)]:
        parts = looked(quiet(), *instants)
        assert [one for part, _ in parts for one in told(part)] == told(changes), instants
        assert [one for _, part in parts for one in staleness(part)] == staleness(stale), instants


def test_who_is_in_aux_before_and_after_a_silence_has_not_gone_there_again() -> None:
    events = quiet(state(40, "ann", "aux", source="pbx"))
    for instants in [(330,), (60, 330), (200, 330), (60, 200, 300.001, 330)]:
        parts = [changes for changes, _ in looked(events, *instants)]
        entered = [second(at) for part in parts for at in part.at_ms[part.entry].tolist()]
        assert entered == [40], instants


def test_a_row_that_ends_the_silence_is_an_entry_of_that_instant() -> None:
    ((changes, _),) = looked(quiet(state(BACK_S, "ann", "aux", source="pbx")), 330)
    assert told(changes)[1:] == [(ONSET_S, "talking", "silent"), (BACK_S, "silent", "aux")]
    assert changes.entry.tolist() == [False, False, True]


def test_what_another_source_says_of_someone_holds_at_once() -> None:
    ((changes, stale),) = looked(quiet(state(200, "ann", "available", source="other")), 330)
    assert told(changes)[1:] == [(ONSET_S, "talking", "silent"), (200, "silent", "available")]
    assert staleness(stale) == [(ONSET_S, True), (200, False)]


def test_who_is_offline_makes_no_team_stale() -> None:
    ((_, stale),) = looked(quiet(since="offline"), 330)
    assert staleness(stale) == []


def test_a_silence_that_goes_on_is_one_with_that_before() -> None:
    """The source says at 300 s what is 180 s old: so it is not back, and never was."""
    events = [state(0, "ann", "talking", source="pbx"), heartbeat(0, "pbx")]
    events += [heartbeat(BACK_S, "other")]
    ((changes, stale),) = looked([*events, heartbeat(120, "pbx")], 330)
    assert told(changes) == [(0, "-", "talking"), (ONSET_S, "talking", "silent")]
    assert staleness(stale) == [(ONSET_S, True)]


def test_live_a_silence_is_one_of_kafkas_time_stamps() -> None:
    events = [state(0, "ann", "talking", source="pbx"), heartbeat(0, "pbx"), heartbeat(200, "pbx")]
    times_ms = [T_MS + 500, T_MS + 500, T_MS + 200_700]
    ((changes, stale),) = looked(events, 201, times_ms=times_ms, spec=Spec())
    assert told(changes)[1:] == [(90.501, "talking", "silent"), (200.7, "silent", "talking")]
    assert staleness(stale) == [(90.501, True), (200.7, False)]


def test_after_a_restore_a_silence_that_is_not_judged_to_its_end_goes_on() -> None:
    shard = Shard(Spec())
    events = [state(0, "ann", "talking", source="pbx"), state(40, "ann", "aux", source="pbx")]
    times_ms = [T_MS, T_MS, T_MS + 40_000, T_MS + 200_700]
    push(shard, [heartbeat(0, "pbx"), *events, heartbeat(200, "pbx")], times_ms)
    shard.step(T_MS + 150_000)
    assert shard.next_deadline() == T_MS + 200_700
    twin = Shard.restore(
        shard.spec, shard.names.roster, shard.snapshot().changed, shard.control_state()
    )
    twin.resume()
    none = np.zeros(0, np.int64)
    for one in (shard, twin):
        until_ms = T_MS + 201_000
        changes, stale = seen(one, none, T_MS + 150_000, until_ms)
        assert told(changes) == [(200.7, "silent", "aux")]
        assert not changes.entry.any()
        assert staleness(stale) == [(200.7, False)]


def test_after_a_restore_who_is_not_named_any_more_is_left_out() -> None:
    """A limit was lowered: what was not observed yet is rejected when it is read again."""
    many = 200
    shard = Shard(Spec())
    push(shard, [state(0, f"a{at}", "talking") for at in range(many)])
    shard.step(T_MS + 1_000)
    parts = shard.snapshot().changed
    push(shard, [state(0.5, "new", "aux")])
    spec = replace(shard.spec, limits=NameLimits(agents=many))
    twin = Shard.restore(spec, shard.names.roster, parts, shard.control_state())
    push(twin, [state(0.5, "new", "aux")])
    assert len(twin.take_rejected()) == 1

    twin.resume()

    twin.step(T_MS + 2_000)
    assert len(twin.names.agents) == many


def test_a_word_that_was_on_its_way_ends_a_silence_from_now_on_until_the_next() -> None:
    shard = Shard(Spec())
    push(shard, [heartbeat(0, "pbx"), state(0, "ann", "talking", source="pbx")], [T_MS, T_MS])
    ann, none = np.array([0]), np.zeros(0, np.int64)
    seen(shard, ann, T_MS, T_MS + 100_500)
    push(shard, [heartbeat(89, "pbx")], [T_MS + 89_000])
    changes, stale = seen(shard, none, T_MS + 100_500, T_MS + 300_000)
    assert told(changes) == [(100.5, "silent", "talking"), (179.001, "talking", "silent")]
    assert staleness(stale) == [(100.5, False), (179.001, True)]


def walk_out() -> list[Event]:
    """Eight of thirty go to aux, and are back while their source is not heard of."""
    names = [f"a{number:02}" for number in range(30)]
    events = [state(0, name, "talking", team="blue", source="pbx") for name in names]
    events += [call(30 + at, "offered", call=f"c{at}", source="other") for at in range(3)]
    events += [state(60 + at % 4, f"a{at:02}", "aux", team="blue", source="pbx") for at in range(8)]
    back = [state(160, name, "talking", team="blue", source="other") for name in names[:8]]
    events += [*back, heartbeat(BACK_S, "pbx")]
    events += [heartbeat(at, "other") for at in range(0, 421, 15)]
    events += [heartbeat(at, "pbx") for at in (0, 330, 360, 390, 420)]
    return sorted(events, key=lambda one: int(one["ts"]))


def said(width: int) -> list[Transition]:
    shard, out = Shard(SPEC), list[Transition]()
    events = walk_out()
    for first in range(0, len(events), width):
        push(shard, events[first : first + width])
        out += shard.step(shard.watermark_ms)
    return out


def test_nothing_is_cleared_while_a_source_of_the_team_is_silent() -> None:
    each = [one for one in said(1) if one.team == "blue"]
    assert said(1) == said(7) == said(1_000)
    assert second(each[0].at_ms) < 64
    cleared = [second(one.at_ms) for one in each if one.to == Verdict.in_control]
    assert cleared
    assert min(cleared) >= BACK_S
