"""The windows of a replay: what its tables say, to the millisecond."""

import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest

from stream.events.language import State
from stream.simulate.plan import Habits, Plan, even_floors
from stream.simulate.run import simulate
from stream.units import HOUR_MS, MINUTE_MS
from tests.reports.replaying import NINE_MS, call, replayed, state, table, times


def test_windows_hold_each_state_and_the_last_one_ends_with_the_last_event(tmp_path: Path) -> None:
    out = replayed(
        tmp_path,
        [
            state(5, "available"),
            state(10, "talking"),
            state(20, "aux"),
            state(20.5, "aux"),
        ],
    )
    rows = table(out / "agents.csv")
    assert [(row["window_start"], times(row)) for row in rows] == [
        ("2026-09-22T08:00:00.000+00:00", {"unknown": 300, "available": 300, "talking": 300}),
        ("2026-09-22T08:15:00.000+00:00", {"talking": 300, "aux": 30}),
    ]
    assert rows[0]["window_end"] == "2026-09-22T08:15:00.000+00:00"
    assert [rows[0][name] for name in ("floor", "pool", "team", "agent")] == [
        "main",
        "main",
        "events",
        "ann",
    ]


@pytest.mark.parametrize(("window", "windows"), [("5m", 24), ("15m", 8), ("1h", 2), ("1d", 1)])
def test_the_states_of_an_agent_add_up_to_every_window(
    tmp_path: Path, window: str, windows: int
) -> None:
    floors = even_floors(2, 3, 20, habits=Habits(load=0.9))
    plan = Plan(floors, NINE_MS, NINE_MS + 2 * HOUR_MS)
    out = replayed(tmp_path, [sent.event for sent in simulate(plan)], window=window)
    sums: dict[tuple[str, str, str], float] = defaultdict(float)
    for row in table(out / "agents.csv"):
        sums[row["window_start"], row["floor"], row["agent"]] += sum(times(row).values())
    by_window = defaultdict(set)
    for (start, _, _), total in sums.items():
        by_window[start].add(round(total, 3))
    assert len(by_window) == windows
    assert all(len(lengths) == 1 for lengths in by_window.values())
    if windows > 1:
        size_s = {"5m": 300, "15m": 900, "1h": 3600}[window]
        assert set.union(*list(by_window.values())[:-1]) == {size_s}


def test_an_agent_has_no_rows_before_its_first_window_and_unknown_time_in_it(
    tmp_path: Path,
) -> None:
    beats = [{"type": "heartbeat", "ts": NINE_MS + minute * MINUTE_MS} for minute in range(130)]
    states = [state(0, "available"), state(70, "available", "bob"), state(130, "aux")]
    out = replayed(tmp_path, [*beats, *states], window="1h")
    rows = {
        (row["window_start"][11:16], row["agent"]): times(row) for row in table(out / "agents.csv")
    }
    assert ("08:00", "bob") not in rows
    assert rows["09:00", "bob"] == {"unknown": 600, "available": 3000}
    assert rows["09:00", "ann"] == {"available": 3600}


def test_a_calls_counts_stand_in_the_windows_of_its_answer_and_of_its_end(tmp_path: Path) -> None:
    out = replayed(
        tmp_path,
        [
            state(1, "available"),
            call(1, "offered"),
            call(14, "answered", agent="ann", wait_s=3),
            state(14, "talking"),
            call(16, "ended", agent="ann", talk_s=120, hold_s=10),
            state(16, "acw"),
            call(17, "wrapped", agent="ann", acw_s=60),
            state(17, "available"),
            state(31, "aux"),
        ],
    )
    counts = [
        [row[name] for name in ("calls_started", "calls_handled", "short_calls")]
        for row in table(out / "agents.csv")
    ]
    assert counts == [["1", "0", "0"], ["0", "1", "0"], ["0", "0", "0"]]
    teams = table(out / "teams.csv")
    # Talk and hold are two minutes together: the talk that was told had the hold in it.
    assert [row["aht_s"] for row in teams] == ["", "180.000", ""]
    assert teams[1]["aht_geometric_s"] == "180.000"
    head, *rows = csv.reader((out / "teams.csv").read_text().splitlines())
    at = head.index("calls_handled")  # hold_s and acw_s are names of states, too: by place
    assert head[at : at + 5] == ["calls_handled", "talk_s", "hold_s", "acw_s", "short_calls"]
    assert [row[at : at + 5] for row in rows] == [
        ["0", "0.000", "0.000", "0.000", "0"],
        ["1", "110.000", "10.000", "60.000", "0"],
        ["0", "0.000", "0.000", "0.000", "0"],
    ]
    assert json.loads((out / "summary.json").read_text())["calls"] == 1


def test_a_call_that_ends_with_the_last_event_counts(tmp_path: Path) -> None:
    out = replayed(
        tmp_path,
        [
            state(1, "talking"),
            call(1, "answered", agent="ann"),
            call(2, "ended", agent="ann"),
        ],
    )
    (row,) = table(out / "agents.csv")
    assert (row["calls_started"], row["calls_handled"]) == ("1", "1")


def test_team_ratios_are_sums_over_sums_and_spread_over_eligible_members(tmp_path: Path) -> None:
    names = ("ann", "bob", "cem", "dan")
    events = [state(0, "available", name) for name in names]
    events += [state(6, "aux", "ann"), state(9, "aux", "bob"), state(12, "aux", "cem")]
    events += [state(1, "offline", "dan"), state(15, "available", "ann")]
    out = replayed(tmp_path, events)
    row = table(out / "teams.csv")[0]
    assert row["members"] == "4"
    assert float(row["aux_rate"]) == pytest.approx((9 + 6 + 3) / (45 + 1), abs=1e-6)
    # dan was there for a minute of fifteen: less than a quarter.
    assert float(row["aux_rate_mean"]) == pytest.approx((0.6 + 0.4 + 0.2) / 3, abs=1e-6)
    assert float(row["aux_rate_sd"]) == pytest.approx(0.2, abs=1e-6)
    assert float(row["aux_rate_cv"]) == pytest.approx(0.5, abs=1e-6)


def test_a_teams_seconds_by_state_are_those_of_its_agents(tmp_path: Path) -> None:
    names = ("ann", "bob", "cem")
    events = [state(at, "available", name) for at, name in enumerate(names)]
    events += [state(20, "aux", "ann"), state(31, "talking", "bob"), state(45, "aux", "cem")]
    out = replayed(tmp_path, events, window="30m")
    agents, teams = table(out / "agents.csv"), table(out / "teams.csv")
    assert [row["window_start"] for row in teams] == [
        "2026-09-22T08:00:00.000+00:00",
        "2026-09-22T08:30:00.000+00:00",
    ]
    for team in teams:
        own = [row for row in agents if row["window_start"] == team["window_start"]]
        for one in State:
            total = sum(float(row[f"{one.name}_s"]) for row in own)
            assert float(team[f"{one.name}_s"]) == pytest.approx(total, abs=1e-9)
    assert float(teams[0]["aux_s"]) == 600


def test_windows_follow_the_local_clock_and_a_long_day_has_25_hours(tmp_path: Path) -> None:
    first = 1_792_875_600_000  # 2026-10-24T21:00:00Z, midnight in Jerusalem
    events = [state(0, "available") | {"ts": first + hour * HOUR_MS} for hour in range(27)]
    out = replayed(tmp_path, events, window="1d", zone="Asia/Jerusalem")
    rows = table(out / "agents.csv")
    assert [(row["window_start"], row["window_end"]) for row in rows] == [
        ("2026-10-25T00:00:00.000+03:00", "2026-10-26T00:00:00.000+02:00"),
        ("2026-10-26T00:00:00.000+02:00", "2026-10-27T00:00:00.000+02:00"),
    ]
    assert sum(times(rows[0]).values()) == 25 * 3600


def test_a_roster_gives_teams_and_pools(tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("agent,team,pool\nann,sales,gold\n")
    out = replayed(
        tmp_path, [state(0, "aux"), state(1, "aux", "bob"), state(2, "aux")], roster=roster
    )
    assert [(row["pool"], row["team"]) for row in table(out / "agents.csv")] == [
        ("gold", "sales"),
        ("main", "unassigned"),
    ]
