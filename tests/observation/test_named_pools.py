"""Pools that roster or configuration names: evaluated from their floor's first heartbeat on."""

from collections.abc import Sequence
from itertools import pairwise

from stream.control.alerts.messages import describe
from stream.control.model import Transition, Verdict
from stream.events.decode import decode
from stream.events.partition import Route, partition_of
from stream.roster import NO_ROSTER, Roster, parse_roster
from stream.shard import Shard
from stream.spec import LocalSpan, PoolSpec, Spec
from stream.units import DAY_MS, HOUR_MS
from tests.windows.telling import T_MS, Event, call, heartbeat, push, state

OPEN = (LocalSpan(10 * 60 + 30, 11 * 60),)
"""Six minutes after the start, for half an hour."""
OPENS_S = 6 * 60
NIGHT = Spec(event_clock=True, pools=(PoolSpec(name="night", open=OPEN),))
ANYWHERE = Spec(event_clock=True, pools=(PoolSpec(open=OPEN),))


def beats(
    first_s: int = 0, last_s: int = 2_400, floor: str = "main", source: str = "main"
) -> list[Event]:
    return [heartbeat(at, source, floor=floor) for at in range(first_s, last_s + 1, 30)]


def alerts(
    spec: Spec, events: Sequence[Event], roster: Roster = NO_ROSTER
) -> list[tuple[str, float, str, str]]:
    """(pool, second, severity, to) of all that is found by stepping with each event."""
    return [said(one) for one in watched(Shard(spec, roster), events)]


def watched(shard: Shard, events: Sequence[Event]) -> list[Transition]:
    found: list[Transition] = []
    for event in sorted(events, key=lambda one: int(one["ts"])):
        push(shard, [event])
        found += shard.step(shard.watermark_ms)
    return found


def said(one: Transition) -> tuple[str, float, str, str]:
    return one.pool, (one.at_ms - T_MS) / 1_000, one.severity.value, one.to.value


def paged(pool: str, at_s: float = OPENS_S + 60) -> tuple[str, float, str, str]:
    return (pool, at_s, "page", "out_of_control")


CLOSED = (36 * 60.0, "page", "in_control")


def test_a_pool_of_the_configuration_pages_a_minute_after_its_opening_though_nobody_ever_came() -> (
    None
):
    assert alerts(NIGHT, beats()) == [paged("night"), ("night", *CLOSED)]


def test_the_minute_counts_from_the_first_heartbeat_where_that_comes_after_the_opening() -> None:
    early = [state(OPENS_S + 10, "ann", "talking", team="red")]
    assert alerts(NIGHT, [*early, *beats(OPENS_S + 90)])[0] == paged("night", OPENS_S + 150)
    assert alerts(NIGHT, [*early, state(2_400, "ann", "acw", team="red")]) == []


def test_somebody_who_comes_within_the_minute_is_enough() -> None:
    roster = parse_roster("agent,team,pool\nnora,owls,night\n", "r.csv")
    came = [state(OPENS_S + 59, "nora", "available")]
    assert alerts(NIGHT, [*beats(), *came], roster) == []
    left = [*came, state(OPENS_S + 600, "nora", "offline")]
    assert alerts(NIGHT, [*beats(), *left], roster)[:1] == [paged("night", OPENS_S + 660)]


def test_the_roster_names_the_pools_of_its_teams_from_their_first_day_to_their_last() -> None:
    rows = "agent,team,pool,from,to\nann,red,sales,,\n"
    soon = "nora,owls,night,2026-03-02T10:40:00Z,2026-03-02T10:50:00Z\n"
    gone = "gus,old,past,,2026-03-02T10:00:00Z\n"
    next_month = "max,new,later,2026-04-01T00:00:00Z,\n"
    roster = parse_roster(rows + soon + gone + next_month, "r.csv")
    found = alerts(ANYWHERE, beats(), roster)
    assert found[:2] == [paged("sales"), paged("night", 17 * 60)]
    assert {pool for pool, *_ in found} == {"sales", "night"}


def test_without_a_roster_all_agents_belong_to_the_default_pool() -> None:
    assert alerts(ANYWHERE, beats())[:1] == [paged("main")]


def test_a_pool_that_only_calls_name_is_not_judged() -> None:
    calls = [call(OPENS_S, "offered", pool="other")]
    there = [state(0, "ann", "available")]
    assert alerts(ANYWHERE, [*beats(), *there, *calls]) == []


def test_a_named_pool_without_hours_is_judged_as_soon_as_a_call_waits() -> None:
    spec = Spec(event_clock=True, pools=(PoolSpec(name="night"),))
    shard = Shard(spec)
    assert watched(shard, beats(0, 300)) == []
    assert shard.pool_keys() == ()
    found = watched(shard, [*beats(330, 600), call(330, "offered", pool="night")])
    assert [said(one) for one in found] == [paged("night", 360)]


def test_a_table_with_a_floor_names_its_pool_there_and_nowhere_else() -> None:
    spec = Spec(event_clock=True, pools=(PoolSpec("north", "night", open=OPEN),))
    shard = Shard(spec)
    found = watched(shard, [*beats(floor="north"), *beats(floor="south")])
    assert {(one.floor, one.pool) for one in found} == {("north", "night")}
    assert [key.floor for key in shard.pool_keys()] == ["north"]


def test_where_there_are_several_floors_a_name_without_a_floor_may_be_of_any_of_them() -> None:
    roster = parse_roster("agent,team,pool\nann,red,sales\nnora,owls,night\n", "r.csv")
    there = [
        state(OPENS_S, "ann", "available", floor="north"),
        state(OPENS_S, "nora", "available", floor="south"),
    ]
    late = beats(30, floor="south")
    assert watched(Shard(ANYWHERE, roster), [*beats(floor="north"), *late, *there]) == []


def test_a_pool_that_may_be_of_another_floor_is_judged_while_a_call_waits_in_it() -> None:
    events = [*beats(), call(OPENS_S + 10, "offered", pool="night")]
    events += [call(OPENS_S + 200, "abandoned", pool="night")]
    shard = Shard(NIGHT)
    decode([], None, shard.names, Route(partition_of("main", 12), 12))
    found = watched(shard, events)
    assert [said(one) for one in found] == [
        paged("night", OPENS_S + 40),
        ("night", OPENS_S + 260.0, "page", "in_control"),
    ]
    assert found[-1].evidence["ended"] == "gone"


def test_while_a_source_of_the_floor_is_silent_a_pool_in_which_nobody_was_seen_is_not_judged() -> (
    None
):
    both = [*beats(source="one"), *beats(last_s=OPENS_S, source="two")]
    back = beats(OPENS_S + 600, source="two")
    assert alerts(NIGHT, [*both, *back])[:1] == [paged("night", OPENS_S + 60)], "not silent yet"
    silent = [*beats(source="one"), *beats(last_s=OPENS_S - 90, source="two")]
    assert alerts(NIGHT, [*silent, *back])[:1] == [paged("night", OPENS_S + 660)]


def test_a_source_that_was_silent_for_a_day_blinds_nobody_any_more() -> None:
    day = Spec(event_clock=True, pools=(PoolSpec(name="night", open=(LocalSpan(630, 631 + 60),)),))
    events = [
        {**one, "ts": int(one["ts"]) + days * DAY_MS}
        for days in (0, 1)
        for one in beats(source="one")
    ]
    gap = [heartbeat(at, "one") for at in range(2_400, 86_400, 30)]
    found = alerts(day, [*events, *gap, heartbeat(0, "two")])
    assert found[:1] == [paged("night", 86_400 + OPENS_S + 60)]


def test_while_all_sources_are_silent_nobody_knows_who_is_offline() -> None:
    roster = parse_roster("agent,team,pool\nnora,owls,night\n", "r.csv")
    left = [state(0, "nora", "offline"), *beats(last_s=200), *beats(OPENS_S + 300)]
    shard = Shard(NIGHT, roster)
    found = watched(shard, left)
    assert said(found[0]) == paged("night", OPENS_S + 360)
    assert found[-1].evidence["ended"] == "closed"


def test_after_a_restart_that_no_longer_names_it_its_alert_ends() -> None:
    shard = Shard(NIGHT)
    assert len(watched(shard, beats(last_s=OPENS_S + 90))) == 1
    parts, control = shard.snapshot().changed, shard.control_state()
    restored = Shard.restore(Spec(event_clock=True), NO_ROSTER, parts, control)
    restored.resume()
    (end,) = watched(restored, beats(OPENS_S + 120, OPENS_S + 600))
    assert (end.to, end.evidence["ended"]) == (Verdict.in_control, "unnamed")
    assert "neither roster nor configuration" in describe(end, "en").what


def test_a_pool_that_a_restart_names_is_judged_from_then_on() -> None:
    shard = Shard(Spec(event_clock=True))
    assert watched(shard, beats(last_s=OPENS_S + 90)) == []
    restored = Shard.restore(NIGHT, NO_ROSTER, shard.snapshot().changed, shard.control_state())
    restored.resume()
    found = watched(restored, beats(OPENS_S + 120, OPENS_S + 600))
    assert said(found[0]) == paged("night", OPENS_S + 150), "the last instant evaluated, and 60 s"


def test_batches_and_restores_make_no_difference() -> None:
    events = beats()
    whole = Shard(NIGHT)
    push(whole, events)
    expected = whole.step(T_MS + HOUR_MS)
    assert len(expected) == 2
    for cut in (1, 12, 14, 40):
        shard, found = Shard(NIGHT), list[Transition]()
        parts: dict[str, bytes] = {}
        for first, end in pairwise([0, *range(cut, len(events), cut), len(events)]):
            push(shard, events[first:end])
            found += shard.step(shard.watermark_ms)
            parts |= shard.snapshot().changed
            shard = Shard.restore(NIGHT, NO_ROSTER, parts, shard.control_state())
            shard.resume()
        assert found == expected
