"""Cover: nobody there, at any number of heads."""

import pytest

from stream.control.alerts.messages import describe
from stream.control.control import Control
from stream.control.model import Verdict
from stream.events.language import State
from stream.spec import LocalSpan
from tests.control.floor import QUIET, Floor, lines, m, run, run_control, s, spec, told, view

OPEN = spec(peaks=(), opening=(LocalSpan(9 * 60, 10 * 60 + 20),))
"""Open until 20 minutes after the start; no peak at all: cover is never gated."""
UNKNOWN_HOURS = spec(peaks=())


def alone() -> Floor:
    """A night desk: one agent, who is there."""
    floor = Floor()
    floor.staff(1)
    return floor


@pytest.mark.parametrize(("back_s", "pages"), [(160.0, 0), (160.001, 1)])
def test_nobody_staffed_for_sixty_seconds_of_opening_hours_pages(back_s: float, pages: int) -> None:
    floor = alone()
    floor.set(s(100), "red-0", State.offline)
    floor.set(s(back_s), "red-0", State.available)
    found = run(floor, OPEN, m(5), cuts=(s(130), s(160)))
    assert told(found)[:1] == [(160.0, "pool main", "cover", "page", "out_of_control")] * pages


def test_outside_opening_hours_and_without_them_nobody_needs_to_be_there() -> None:
    floor = alone()
    floor.set(s(100), "red-0", State.offline)
    assert run(floor, UNKNOWN_HOURS, m(60)) == []
    floor = alone()
    floor.set(m(19.5), "red-0", State.offline)
    assert run(floor, OPEN, m(60)) == []


def test_the_minute_begins_with_opening_hours() -> None:
    floor = Floor()
    floor.staff(1, state=State.offline)
    opens = spec(peaks=(), opening=(LocalSpan(605, 620),))
    control = Control(opens)
    assert control.advance(floor.feed(s(0), s(1))) == []
    assert control.next_deadline() == m(5)
    found = run(floor, opens, m(60))
    assert told(found) == [
        (360.0, "pool main", "cover", "page", "out_of_control"),
        (1200.0, "pool main", "cover", "page", "in_control"),
    ]


def test_an_alert_that_ends_because_the_pool_closes_says_so() -> None:
    floor = Floor()
    floor.staff(2, state=State.aux)
    floor.calls(m(10), 1, m(10))
    found = run(floor, OPEN, m(30), cuts=(m(20), m(20.2)))
    assert lines(found) == [
        (620.001, "pool main", "cover", "page", "out_of_control"),
        (1200.0, "pool main", "cover", "page", "in_control"),
        (1230.0, "pool main", "cover", "digest", "watch"),
    ]
    assert len(told(found)) == 2, "the call that waits on was paged already"
    end = found[1]
    assert end.evidence["ended"] == "closed"
    assert describe(end, "en").title == "Pool main: closed"
    assert describe(end, "en").text == (
        "[Closed] Pool main: the pool has closed; nobody served until then. It lasted 10 min. "
        "Nothing to do. As of 10:20:00."
    )
    assert describe(end, "zh").text == (
        "【营业结束】技能组 main:营业已结束,此前一直无人接听,持续 10 分钟。"
        "无需处理。数据截至 10:20:00。"
    )


def test_closing_time_does_not_end_what_somebody_who_serves_has_ended() -> None:
    floor = alone()
    floor.set(s(100), "red-0", State.offline)
    floor.set(m(20) - 30_000, "red-0", State.available)
    found = run(floor, OPEN, m(30), cuts=(m(20), m(20) + 9_000))
    assert told(found)[1:] == [(1230.0, "pool main", "cover", "page", "in_control")]
    assert found[-1].evidence["ended"] == "served"


def test_closing_time_that_passes_in_a_silence_is_noticed_after_it() -> None:
    floor = alone()
    floor.set(s(100), "red-0", State.offline)
    floor.silence(m(19), stale=True)
    floor.silence(m(25), stale=False)
    found = run(floor, OPEN, m(30), cuts=(m(20), m(22)))
    assert told(found)[1:] == [(1500.0, "pool main", "cover", "page", "in_control")]
    assert found[-1].evidence["ended"] == "closed"


def test_outside_opening_hours_a_waiting_call_is_a_line_of_the_digest() -> None:
    floor = Floor()
    floor.staff(1, state=State.aux)
    floor.calls(m(30), 1, m(30))
    floor.calls(m(31), 0)
    control = Control(OPEN)
    found = run_control(control, floor, m(31))
    assert told(found) == [(1820.001, "pool main", "cover", "digest", "watch")]
    assert describe(found[0], "en").text == (
        "[For the record] Pool main: a call waits outside opening hours. 1 waiting, longest 20 s, "
        "nobody free. Do: check the opening hours that are announced to callers. As of 10:30:20."
    )
    assert view(control, "", "cover").state == Verdict.watch
    assert view(control, "", "verdict").state == Verdict.facts_only, "nobody has to act"
    found = control.advance(floor.feed(m(31), m(40)))
    assert told(found) == [(1920.0, "pool main", "cover", "digest", "in_control")]
    assert found[0].evidence["ended"] == "gone"
    assert "nobody waits any more" in describe(found[0], "en").what


def test_a_call_that_waited_for_the_opening_pages_thirty_seconds_after_it() -> None:
    floor = Floor()
    floor.staff(1, state=State.aux)
    floor.calls(m(2), 1, m(2))
    found = run(floor, spec(peaks=(), opening=(LocalSpan(605, 620),)), m(10), cuts=(m(5),))
    assert told(found) == [
        (140.001, "pool main", "cover", "digest", "watch"),
        (330.0, "pool main", "cover", "page", "out_of_control"),
    ]
    assert found[1].evidence["nobody_s"] == 30


@pytest.mark.parametrize(
    ("offered_s", "raised_s"),
    [(90, 130.0), (105, 130.0), (109.999, 130.0), (110, 130.001), (120, 140.001)],
)
def test_nobody_serving_for_thirty_seconds_while_a_call_waits_more_than_twenty_pages(
    offered_s: float, raised_s: float
) -> None:
    floor = alone()
    floor.set(s(100), "red-0", State.aux)
    floor.calls(s(offered_s), 1, s(offered_s))
    found = told(run(floor, UNKNOWN_HOURS, m(5), cuts=(s(95), s(115), s(130))))
    assert found == [(raised_s, "pool main", "cover", "page", "out_of_control")]


@pytest.mark.parametrize("state", [State.available, State.talking, State.acw, State.ringing])
def test_one_who_serves_is_cover(state: State) -> None:
    floor = Floor()
    floor.staff(1, state=state)
    floor.calls(s(0), 9, s(0))
    assert run(floor, OPEN, m(10)) == []


def test_it_clears_once_somebody_has_served_for_sixty_seconds() -> None:
    floor = alone()
    floor.calls(s(0), 1, s(0))
    floor.set(s(100), "red-0", State.aux)
    floor.set(s(200), "red-0", State.available)
    floor.set(s(259.999), "red-0", State.aux)
    floor.set(s(260), "red-0", State.available)
    found = told(run(floor, UNKNOWN_HOURS, m(10), cuts=(s(210), s(300))))
    assert found == [
        (130.0, "pool main", "cover", "page", "out_of_control"),
        (320.0, "pool main", "cover", "page", "in_control"),
    ]


def test_while_a_source_is_silent_nothing_is_raised_and_nothing_cleared() -> None:
    floor = alone()
    floor.set(s(100), "red-0", State.offline)
    floor.silence(s(159), stale=True)
    floor.silence(s(200), stale=False)
    floor.silence(s(300), stale=True)
    floor.set(s(301), "red-0", State.available)
    floor.silence(s(600), stale=False)
    control = Control(OPEN)
    found = told(run_control(control, floor, m(15), cuts=(s(180), s(400))))
    assert found == [
        (260.0, "pool main", "cover", "page", "out_of_control"),
        (660.0, "pool main", "cover", "page", "in_control"),
    ]


def test_an_agent_of_unknown_whereabouts_does_not_hide_that_nobody_is_there() -> None:
    floor = alone()
    floor.set(s(100), "red-0", State.unknown)
    assert len(told(run(floor, OPEN, m(5)))) == 1


def test_a_pool_of_which_no_agent_was_ever_seen_is_not_judged() -> None:
    floor = Floor({"red": "main", "blue": "other"})
    floor.staff(1, "blue")
    floor.calls(s(0), 1, s(0))
    control = Control(OPEN)
    assert run_control(control, floor, m(10)) == []
    floor.set(s(600), "red-0", State.offline, "red")
    found = told(control.advance(floor.feed(m(10), m(15))))
    assert found == [(630.0, "pool main", "cover", "page", "out_of_control")]


def test_all_teams_of_a_pool_that_nobody_covers_need_action() -> None:
    floor = alone()
    floor.set(s(100), "red-0", State.offline)
    control = Control(OPEN)
    run_control(control, floor, m(5))
    assert view(control, "", "cover").state == Verdict.out_of_control
    assert view(control, "", "verdict").state == Verdict.out_of_control
    assert view(control, "red", "verdict").state == Verdict.out_of_control
    assert view(control, "red", "share").state == Verdict.facts_only


def lost_floor(served_at_s: float | None = None) -> Floor:
    """Nobody serves and a call waits long from the start; after five minutes it is lost."""
    floor = Floor()
    floor.staff(6, state=State.meeting)
    floor.calls(s(0), 1, s(0))
    floor.lose(s(300))
    if served_at_s is not None:
        floor.set(s(served_at_s), "red-0", State.available)
    return floor


def test_an_alert_of_calls_that_are_lost_ends_as_no_longer_known() -> None:
    found = run(lost_floor(), QUIET, s(600))
    assert lines(found) == [
        (30.0, "pool main", "cover", "page", "out_of_control"),
        (360.0, "pool main", "cover", "page", "insufficient_data"),
    ]
    assert found[-1].notify
    assert describe(found[-1], "en").why == "It is not known any more whether calls still wait."
    assert describe(found[-1], "zh").what.startswith("【未知】")


def test_who_serves_again_after_calls_were_lost_is_an_all_clear() -> None:
    found = run(lost_floor(served_at_s=320), QUIET, s(600))
    assert [t.to.value for t in found] == ["out_of_control", "in_control"]


def test_however_it_is_cut_into_feeds_a_lost_call_is_lost_once() -> None:
    whole = run(lost_floor(), QUIET, s(600))
    cuts = [s(at) for at in (29, 300, 300.001, 330, 359.999)]
    assert run(lost_floor(), QUIET, s(600), cuts) == whole
