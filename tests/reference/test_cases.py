"""Each reported case, and the value that is right for it."""

import pytest

from stream.events.language import Reason, State
from stream.spec import PoolSpec, SourceSpec, Spec
from tests.reference import cases
from tests.reference.cases import TEN, at
from tests.reference.records import Event, arrivals, file_of
from tests.reference.rules import DAY, HOUR, MINUTE, Rules
from tests.reference.truth import Figures, Truth

CLOCK = Rules(Spec(event_clock=True))
LOG = Rules(Spec(sources=(SourceSpec(heartbeat_ms=None, resolution_ms=1_000),), event_clock=True))
SHORT, QUARTER, HOURLY = 0, 1, 2
"""Windows of 5, 15 and 60 minutes."""


def known(events: list[Event], rules: Rules = CLOCK) -> Truth:
    """A partition in which each event is a record of its own."""
    truth = Truth(rules)
    truth.push(*arrivals(events))
    return truth


def until(events: list[Event], as_of: int, rules: Rules = CLOCK) -> Figures:
    """The figures of one who has seen what is dated up to an instant."""
    return known([event for event in events if event["ts"] <= as_of], rules).figures(as_of)


def replayed(events: list[Event], rules: Rules) -> Truth:
    """A file in the order of time, to its end."""
    truth = Truth(rules)
    truth.push(*file_of(events))
    truth.admission.finish()
    return truth


def minutes(figures: Figures, agent: str, window: int, team: str = "t") -> dict[str, float]:
    times = figures.seats["main", team, agent][window]
    return {State(number).name: ms / MINUTE for number, ms in enumerate(times) if ms}


def test_fast_clock_source_dooms_nobody_else() -> None:
    truth = known(cases.fast_clock_source())
    assert truth.admission.refused == []
    assert truth.admission.jumps == 1
    figures = truth.figures(at("11:34:30"))
    assert minutes(figures, "ann", HOURLY, "a") == {"available": 49.5, "talking": 10, "unknown": 1}
    assert figures.calls["main", "a"][HOURLY].handled == 1
    assert minutes(figures, "bob", SHORT, "b") == {"unknown": 5, "available": 0.5}


def test_retired_source_leaves_the_verdict_to_those_that_are_heard() -> None:
    events = cases.retired_source()
    figures = until(events, at("10:20:00"))
    assert figures.heads["main", "t"][State.unknown] == 1
    assert not figures.stale["main", "t"]
    figures = until(events, at("2026-03-03T12:00:30"))
    assert figures.heads["main", "t"] == [0] * State.offline + [5]
    assert not figures.stale["main", "t"]
    assert figures.queues["main", "main"].waiting == 1
    assert figures.queues["main", "main"].oldest_ms == 29_000


def test_callback_waits_no_longer_and_is_no_abandoned_call() -> None:
    for instant in ("10:00:41", "10:03:00", "10:30:00"):
        figures = until(cases.callback_waits(), at(instant))
        assert figures.queues["main", "main"].waiting == 0
        assert figures.callbacks["main", "main"].open == 1
        assert figures.pools["main", "main"][HOURLY].abandoned == 0


def test_overflow_second_pool_waits_from_its_own_offer() -> None:
    rules = Rules(Spec(event_clock=True), cases.SALES_AND_SUPPORT)
    figures = until(cases.overflow_second_pool(), at("10:02:30"), rules)
    assert figures.queues["main", "support"][:2] == (1, 90_000)
    figures = until(cases.overflow_second_pool(), at("10:06:00"), rules)
    support = figures.pools["main", "support"][QUARTER]
    assert (support.offered, support.answered, support.in_time, support.abandoned) == (1, 1, 0, 0)
    sales = figures.pools["main", "sales"][QUARTER]
    assert (sales.offered, sales.answered, sales.in_time, sales.abandoned) == (1, 1, 1, 0)


def test_same_agent_twice_is_three_legs() -> None:
    figures = until(cases.same_agent_twice(), at("10:06:20"))
    calls = figures.calls["main", "t"][QUARTER]
    assert (calls.handled, calls.talk_ms) == (3, 360_000)
    assert figures.pools["main", "main"][QUARTER].answered == 1


def test_frozen_gauge_says_nothing_after_three_heartbeats() -> None:
    events = cases.frozen_gauge()
    assert until(events, at("10:01:30")).queues["main", "main"][:2] == (5, 149_000)
    for instant in ("10:01:31", "10:30:00", "10:59:00"):
        assert until(events, at(instant)).queues["main", "main"][:2] == (None, None)


def test_wait_over_an_hour_is_still_a_wait() -> None:
    events = cases.wait_over_an_hour()
    assert until(events, at("11:15:00")).queues["main", "main"][:2] == (1, 4_500_000)
    assert until(events, at("11:30:00")).queues["main", "main"][:2] == (0, 0)


def test_aht_hold_twice_is_counted_once() -> None:
    calls = until(cases.aht_hold_twice(), at("10:05:40")).calls["main", "t"][QUARTER]
    assert (calls.talk_ms, calls.hold_ms, calls.acw_ms) == (240_000, 60_000, 30_000)


def test_answered_without_pool_is_answered_in_the_pool_of_the_call() -> None:
    rules = Rules(Spec(event_clock=True), cases.SALES_AND_SUPPORT)
    figures = until(cases.answered_without_pool(), at("10:02:00"), rules)
    assert set(figures.pools) == {("main", "sales")}
    sales = figures.pools["main", "sales"][QUARTER]
    assert (sales.offered, sales.answered, sales.abandoned) == (2, 1, 1)
    assert sales.service_level == 0.5


def test_one_second_stamps_keep_the_order_of_the_file() -> None:
    figures = replayed(cases.one_second_stamps(), LOG).figures(at("10:30:00"))
    assert minutes(figures, "ann", HOURLY) == {"unknown": 30, "available": 25, "talking": 5}


def test_relogin_same_second_is_offline_for_no_time() -> None:
    figures = replayed(cases.relogin_same_second(), LOG).figures(at("10:45:00"))
    assert minutes(figures, "ann", HOURLY) == {"unknown": 15, "available": 40, "talking": 5}


def test_call_id_again_is_another_call() -> None:
    figures = until(cases.call_id_again(), at("10:52:00"))
    pool = figures.pools["main", "main"][HOURLY]
    assert (pool.offered, pool.answered) == (7, 6)
    assert figures.queues["main", "main"].waiting == 1
    assert figures.odd.total() == 0


def test_ancient_first_changes_nothing_of_today() -> None:
    with_it = replayed(cases.ancient_first(), CLOCK)
    without = replayed(cases.ancient_first()[1:], CLOCK)
    assert with_it.admission.refused == without.admission.refused == []
    assert minutes(with_it.figures(at("10:20:00")), "ann", QUARTER) == {
        "available": 5,
        "talking": 10,
    }
    assert minutes(without.figures(at("10:20:00")), "ann", QUARTER) == {
        "available": 5,
        "talking": 10,
    }


def test_future_one_is_refused_at_the_end_of_the_file() -> None:
    truth = replayed(cases.future_one(), CLOCK)
    assert [one.reason for one in truth.admission.refused] == [Reason.ahead]
    assert truth.watermark == at("10:10:00")
    assert ("main", "t", "bob") not in truth.figures(at("10:10:00")).seats


def test_vanished_team_is_shown_no_longer_when_its_windows_are_empty() -> None:
    truth = known(cases.vanished_team(days=2))
    figures = truth.figures(TEN + 2 * DAY - 10 * MINUTE)
    shown = [team for _, team in figures.spans if truth.shown(figures, "main", team)]
    assert shown == ["sales"]
    early = truth.figures(TEN + HOUR)
    assert len([team for _, team in early.spans if truth.shown(early, "main", team)]) == 12


@pytest.mark.parametrize(
    ("zone", "start", "hours", "as_of", "day_began"),
    [
        ("Europe/Berlin", "2026-10-24T20:00:00", 8, "2026-10-25T04:00:00", "2026-10-24T22:00:00"),
        ("Europe/Berlin", "2026-03-28T21:00:00", 8, "2026-03-29T05:00:00", "2026-03-28T23:00:00"),
        ("Africa/Cairo", "2026-04-23T18:00:00", 8, "2026-04-24T02:00:00", "2026-04-23T22:00:00"),
        ("America/Havana", "2026-03-08T01:00:00", 8, "2026-03-08T09:00:00", "2026-03-08T05:00:00"),
        ("Asia/Kathmandu", "2026-04-04T16:15:00", 4, "2026-04-04T20:15:00", "2026-04-04T18:15:00"),
        ("Australia/Lord_Howe", "2026-04-04T11:00:00", 8, "2026-04-04T19:00:00",
         "2026-04-04T13:00:00"),
    ],
    ids=["autumn", "spring", "midnight is skipped", "Havana", "no change", "half an hour"],
)  # fmt: skip
def test_dst_days_have_their_true_length(
    zone: str, start: str, hours: int, as_of: str, day_began: str
) -> None:
    rules = Rules(Spec(pools=(PoolSpec(zone=zone),), event_clock=True))
    truth = replayed(cases.dst_day(start, hours), rules)
    figures = truth.figures(at(as_of))
    length = at(as_of) - at(day_began)
    assert figures.spans["main", "t"][3] == (at(day_began), at(as_of))
    half = length / MINUTE / 2
    assert minutes(figures, "ann", 3) == {"available": half, "talking": half}


@pytest.mark.parametrize("days", [1, 2, 365])
def test_f5_future_of_one_source_harms_no_other(days: int) -> None:
    bad, good = cases.day_ahead(days), [
        event for event in cases.day_ahead(days) if event.get("source") != "bad-pbx"
    ]  # fmt: skip
    truth, twin = known(bad), known(good)
    assert truth.admission.refused == []
    assert truth.figures(TEN + 4 * MINUTE) == twin.figures(TEN + 4 * MINUTE)
    assert truth.watermark == twin.watermark == TEN + 4 * MINUTE
    truth.admission.finish()
    assert [one.reason for one in truth.admission.refused] == [Reason.ahead]


def test_f10_ghost_teams_and_agents_of_a_dead_source_are_gone_after_a_day() -> None:
    truth = known(cases.ghosts())
    figures = truth.figures(TEN + 10 * DAY + 9 * MINUTE)
    assert figures.heads["main", "t"][State.available] == 8
    assert figures.heads["main", "t"][State.offline] == 2
    assert figures.heads["main", "t"][State.unknown] == 0
    assert not figures.stale["main", "t"]
    assert not truth.shown(figures, "main", "slaes")
    assert truth.shown(figures, "main", "t")


@pytest.mark.parametrize("state", [None, "available", "offline"])
def test_f11_leaver_of_a_dead_source_silences_no_team(state: str | None) -> None:
    figures = known(cases.leaver(state)).figures(TEN + 5 * DAY + 5 * MINUTE)
    assert not figures.stale["main", "t"]
    assert figures.heads["main", "t"][State.aux] == 11
    assert figures.heads["main", "t"][State.unknown] == 0
