"""A replay of our own events: what the files say, to the millisecond and to the byte."""

import csv
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
import pytest

from stream.errors import ConfigurationError, InputError
from stream.reports.job import Job
from stream.simulate.plan import Disturbance, Habits, Plan, even_floors
from stream.simulate.run import simulate
from stream.units import HOUR_MS, MINUTE_MS

NINE_MS = 1_790_064_000_000  # 2026-09-22T08:00:00Z
Row = dict[str, str]


def state(minute: float, name: str, agent: str = "ann", **more: object) -> dict[str, object]:
    ts = NINE_MS + round(minute * MINUTE_MS)
    return {"type": "state", "ts": ts, "agent": agent, "state": name} | more


def call(minute: float, phase: str, **more: object) -> dict[str, object]:
    ts = NINE_MS + round(minute * MINUTE_MS)
    return {"type": "call", "ts": ts, "call": "c1", "phase": phase} | more


def write(path: Path, events: Iterable[object]) -> str:
    path.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in events))
    return str(path)


def replayed(tmp_path: Path, events: Iterable[object], **options: Any) -> Path:
    """Replay some events; returns the directory of results."""
    out = tmp_path / str(options.pop("out", "out"))
    file = write(tmp_path / "events.jsonl", events)
    Job("events", (file,), out, **options).run(lambda *_: None)
    return out


def table(path: Path) -> list[Row]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def times(row: Row) -> dict[str, float]:
    """The states that a row has time in."""
    held = {name.removesuffix("_s"): float(row[name]) for name in row if name.endswith("_s")}
    return {name: value for name, value in held.items() if value}


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
    told = [state(0, "available"), state(70, "available", "bob"), state(130, "aux")]
    out = replayed(tmp_path, [*beats, *told], window="1h")
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
    assert [row["aht_s"] for row in teams] == ["", "190.000", ""]
    assert teams[1]["aht_geometric_s"] == "190.000"
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


def test_the_same_input_gives_byte_identical_files_packed_or_not_and_in_any_order(
    tmp_path: Path,
) -> None:
    plan = Plan(
        even_floors(2, 4, 40, habits=Habits(load=1.1)),
        NINE_MS,
        NINE_MS + 3 * HOUR_MS,
        disturbance=Disturbance(repeated=0.02),
    )
    lines = [orjson.dumps(sent.event) + b"\n" for sent in simulate(plan)]
    plain, packed = tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"
    plain.write_bytes(b"".join(lines))
    packed.write_bytes(gzip.compress(b"".join(sorted(lines))))
    for path in (plain, packed):
        Job("events", (str(path),), tmp_path / path.name[0]).run(lambda *_: None)
    for name in ("agents.csv", "teams.csv", "alerts.jsonl", "rejected.jsonl", "summary.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


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


def test_bad_rows_are_written_down_and_the_run_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "rough.jsonl"
    file.write_bytes(
        b"\n".join(
            [
                orjson.dumps(state(1, "available")),
                b"{broken",
                orjson.dumps(state(2, "dancing")),
                orjson.dumps(state(3, "aux")),
            ]
        )
    )
    Job("events", (str(file),), tmp_path / "out").run(lambda *_: None)
    rejected = [
        json.loads(line) for line in (tmp_path / "out/rejected.jsonl").read_text().splitlines()
    ]
    assert [(one["line"], one["reason"]) for one in rejected] == [
        (2, "broken_json"),
        (3, "unknown_enum"),
    ]
    assert rejected[0]["text"] == "{broken"
    assert rejected[0]["file"] == str(file)
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert [summary[name] for name in ("rows", "events", "rejected", "late", "agents")] == [
        4,
        2,
        2,
        0,
        1,
    ]
    assert summary["order"] == "event"


def test_in_arrival_order_the_live_rules_for_late_rows_hold(tmp_path: Path) -> None:
    events = [
        state(0, "available"),
        state(60, "aux"),
        state(10, "talking"),
        state(56, "talking"),
        state(61, "meal") | {"received": NINE_MS},
    ]
    out = replayed(tmp_path, events, arrival=True, window="1h")
    summary = json.loads((out / "summary.json").read_text())
    assert summary["order"] == "arrival"
    assert summary["late_by_reason"] == {"late_grace": 1}
    assert summary["rejected_by_reason"] == {"ahead": 1}
    (late,) = [json.loads(line) for line in (out / "late.jsonl").read_text().splitlines()]
    assert late["line"] == 3
    assert times(table(out / "agents.csv")[0]) == {"available": 56 * 60, "talking": 240}


def test_events_come_into_order_by_themselves_unless_arrival_is_asked_for(tmp_path: Path) -> None:
    out = replayed(
        tmp_path, [state(60, "aux"), state(10, "talking"), state(0, "available")], window="1h"
    )
    assert times(table(out / "agents.csv")[0]) == {"available": 600, "talking": 3000}


def test_a_gap_of_a_night_is_unknown_where_the_feed_should_have_lived(tmp_path: Path) -> None:
    out = replayed(
        tmp_path, [state(0, "available"), state(600, "aux"), state(601, "aux")], window="1h"
    )
    rows = table(out / "agents.csv")
    assert len(rows) == 11
    assert times(rows[3]) == {"unknown": 3600}
    assert times(rows[-1]) == {"aux": 60}


def test_a_range_is_told_with_the_states_that_held_before_it(tmp_path: Path) -> None:
    events = [state(minute, "aux" if minute % 2 else "available") for minute in range(0, 120, 3)]
    out = replayed(
        tmp_path, events, from_ms=NINE_MS + 30 * MINUTE_MS, to_ms=NINE_MS + 60 * MINUTE_MS
    )
    rows = table(out / "agents.csv")
    assert [row["window_start"][11:16] for row in rows] == ["08:30", "08:45"]
    assert sum(times(rows[0]).values()) == 900


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


def test_no_events_give_files_with_heads_alone(tmp_path: Path) -> None:
    out = replayed(tmp_path, [])
    assert (out / "agents.csv").read_text().count("\n") == 1
    assert json.loads((out / "summary.json").read_text())["first_event"] is None


def test_an_interrupted_run_leaves_no_results_behind(tmp_path: Path) -> None:
    def interrupt(step: str, _done: int, _total: int) -> None:
        if step == "replaying":
            raise KeyboardInterrupt

    file = write(tmp_path / "x.jsonl", [state(0, "aux"), state(1, "aux")])
    with pytest.raises(KeyboardInterrupt):
        Job("events", (file,), tmp_path / "out").run(interrupt)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "genesys"}, "SOURCE 'genesys'; allowed: events, anonymous-bank"),
        ({"window": "7m"}, "--window '7m'; allowed: 5m, 15m, 1h, 1d"),
        ({"zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"source": "anonymous-bank"}, "--zone must be given"),
    ],
)
def test_wrong_options_are_named_with_what_is_allowed(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    told: dict[str, Any] = {"source": "events", "files": (), "out": tmp_path} | options
    with pytest.raises(ConfigurationError, match=message.replace("(", r"\(")):
        Job(**told).run(lambda *_: None)


def test_a_missing_file_and_broken_gzip_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        Job("events", (str(tmp_path / "none"),), tmp_path / "out").run(lambda *_: None)
    packed = io.BytesIO(gzip.compress(orjson.dumps(state(0, "aux")) * 1000)).getvalue()
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(InputError, match=r"cut\.gz"):
        Job("events", (str(tmp_path / "cut.gz"),), tmp_path / "out").run(lambda *_: None)
