"""Calls that people reported, each with the right figures. Times are seconds after 10:24:00."""

from typing import Any

from stream.render.views import format_views
from stream.roster import NO_ROSTER, Roster, parse_roster
from stream.shard import Shard
from stream.spec import Spec
from tests.windows.telling import T_MS, call, heartbeat, push, state

ROSTER = parse_roster("agent,team,pool\nann,one,sales\nbob,two,support\n", "roster.csv")


def told(events: list[dict[str, Any]], roster: Roster = NO_ROSTER) -> Shard:
    shard = Shard(Spec(event_clock=True), roster)
    for event in events:
        push(shard, [event])
        shard.step(shard.watermark_ms)
    return shard


def shown(shard: Shard, name: str, *fields: str) -> list[str | None]:
    views = {key.name: fields for key, fields in format_views(shard.figures()).items()}
    return [views[name].get(field) for field in fields]


def test_a_call_that_overflows_waits_in_the_second_pool_from_then_on_and_pages() -> None:
    first = [
        state(0, "ann", "available"), state(0, "bob", "available"),
        call(10, "offered", pool="sales"), call(15, "answered", "ann", pool="sales", wait_s=5),
        state(15, "ann", "talking"), state(30, "bob", "meeting"),
        call(60, "ended", "ann", pool="sales", talk_s=45), call(60, "offered", pool="support"),
        *(heartbeat(second) for second in (90, 120, 150)),
    ]  # fmt: skip
    shard = told(first, ROSTER)
    assert shown(shard, "support", "waiting", "oldest_wait_s", "alert:cover") == [
        "1", "90.000", "page",
    ]  # fmt: skip
    rest = [
        state(190, "bob", "talking"), call(190, "answered", "bob", pool="support"),
        call(310, "ended", "bob", pool="support"), heartbeat(360),
    ]  # fmt: skip
    shard = told([*first, *rest], ROSTER)
    assert shown(shard, "support", "offered:15m", "answered:15m", "abandoned:15m") == [
        "1", "1", "0",
    ]  # fmt: skip
    assert shown(shard, "sales", "offered:15m", "answered:15m") == ["1", "1"]
    assert shown(shard, "support", "service_level:15m") == ["0.000000"]  # it waited 130 s


def test_a_call_that_comes_back_to_the_same_agent_is_a_leg_of_its_own() -> None:
    legs = [("ann", 15, 75), ("bob", 75, 135), ("ann", 135, 375)]
    events = [call(10, "offered", team="t")]
    for who, start, end in legs:
        events += [call(start, "answered", who, team="t"), call(end, "ended", who, team="t")]
    shard = told([*events, heartbeat(380)])
    assert shown(shard, "t", "handled:15m", "talk_s:15m") == ["3", "360.000"]


def test_a_pool_that_is_not_told_is_that_of_the_call_so_no_other_pool_appears() -> None:
    events = [
        call(10, "offered", pool="sales"), call(15, "answered", "ann"), call(75, "ended", "ann"),
        call(80, "offered", pool="sales", call="c2"), call(110, "abandoned", call="c2"),
        heartbeat(120),
    ]  # fmt: skip
    shard = told(events, ROSTER)
    assert [key.pool for key in shard.figures().pools.keys] == ["sales"]
    names = ("offered:15m", "answered:15m", "abandoned:15m", "service_level:15m")
    assert shown(shard, "sales", *names) == ["2", "1", "1", "0.500000"]


def test_talk_hold_and_after_call_work_never_overlap() -> None:
    end = call(300, "ended", "ann", team="t", hold_s=60)
    events = [
        call(0, "answered", "ann", team="t"), end,
        call(330, "wrapped", "ann", team="t", acw_s=30), heartbeat(340),
    ]  # fmt: skip
    names = ("talk_s:15m", "hold_s:15m", "acw_s:15m")
    assert shown(told(events), "t", *names) == ["240.000", "60.000", "30.000"]
    events[1] = end | {"talk_s": 300}
    assert shown(told(events), "t", *names) == ["240.000", "60.000", "30.000"]


def test_an_id_that_comes_again_is_another_call() -> None:
    def one(start: int, name: str, who: str) -> list[dict[str, Any]]:
        more: dict[str, Any] = {"call": name, "team": "t"}
        return [
            call(start, "offered", call=name), call(start + 10, "answered", who, **more),
            call(start + 100, "ended", who, **more),
            call(start + 110, "wrapped", who, acw_s=10, **more),
        ]  # fmt: skip

    events = [event for n in range(3) for event in one(120 * n, str(n), "ann")]
    events += [event for n in range(3) for event in one(2_400 + 120 * n, str(n), "bob")]
    shard = told([*events, call(2_880, "offered", call="0"), heartbeat(3_000)])
    assert shown(shard, "main", "offered:60m", "answered:60m", "waiting") == ["7", "6", "1"]


def test_who_asked_for_a_call_back_waits_no_longer_and_is_promised_one() -> None:
    events = [
        state(0, "ann", "available", team="t"), call(10, "offered"),
        call(40, "callback_requested"), state(60, "ann", "aux", team="t"),
        *(heartbeat(second) for second in (90, 120, 150, 180, 1_800)),
    ]  # fmt: skip
    names = (
        "waiting", "abandoned:60m", "alert:cover", "call_backs_promised:60m", "call_backs_open",
        "call_backs_overdue",
    )  # fmt: skip
    assert shown(told(events), "main", *names) == ["0", "0", None, "1", "1", "0"]
    shard = told([*events, heartbeat(3_641)])
    assert shown(shard, "main", "call_backs_open", "call_backs_overdue") == ["1", "1"]
    push(shard, [call(3_650, "callback_done"), heartbeat(3_700)])
    shard.step(T_MS + 3_700_000)
    done = ("call_backs_open", "call_backs_overdue", "call_backs_done:5m")
    assert shown(shard, "main", *done) == ["0", "0", "1"]


def test_a_caller_who_waits_for_more_than_an_hour_still_waits() -> None:
    beats = [heartbeat(30 * n) for n in range(1, 151)]
    shard = told([state(0, "ann", "meeting", team="t"), call(0, "offered"), *beats])
    assert shown(shard, "main", "waiting", "oldest_wait_s", "alert:cover") == [
        "1", "4500.000", "page",
    ]  # fmt: skip
