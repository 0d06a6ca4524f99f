"""A replay as a whole: orders, bad rows, ranges, options, and the same bytes every time."""

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from stream.errors import ConfigurationError, FloorwatchError, InputError
from stream.reports.job import Job
from stream.simulate.plan import Disturbance, Habits, Plan, even_floors
from stream.simulate.run import simulate
from stream.sources.registry import FORMATS
from stream.units import HOUR_MS, MINUTE_MS
from tests.reports.replaying import NINE_MS, replayed, state, table, times, write


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
    alive = {"type": "heartbeat", "ts": NINE_MS, "source": "main"}  # so its feed has a pulse
    states = [state(0, "available"), state(600, "aux"), state(601, "aux")]
    out = replayed(tmp_path, [alive, *states], window="1h")
    rows = table(out / "agents.csv")
    assert len(rows) == 11
    assert times(rows[3]) == {"unknown": 3600}
    assert times(rows[-1]) == {"aux": 60}


def test_a_range_is_written_with_the_states_that_held_before_it(tmp_path: Path) -> None:
    events = [state(minute, "aux" if minute % 2 else "available") for minute in range(0, 120, 3)]
    out = replayed(
        tmp_path, events, from_ms=NINE_MS + 30 * MINUTE_MS, to_ms=NINE_MS + 60 * MINUTE_MS
    )
    rows = table(out / "agents.csv")
    assert [row["window_start"][11:16] for row in rows] == ["08:30", "08:45"]
    assert sum(times(rows[0]).values()) == 900


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
        ({"source": "genesys"}, f"SOURCE 'genesys'; allowed: {', '.join(FORMATS)}"),
        ({"window": "7m"}, "--window '7m'; allowed: 5m, 15m, 30m, 1h, 1d"),
        ({"zone": "Mars/Olympus"}, "Mars/Olympus"),
        ({"source": "anonymous-bank"}, "--zone is required"),
        ({"from_ms": NINE_MS, "to_ms": NINE_MS - 1}, "--from is not before --to"),
        ({"roster": Path("nope.csv")}, "^--roster nope.csv: no such file or directory$"),
    ],
)
def test_wrong_options_are_named_with_what_is_allowed(
    tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    given: dict[str, Any] = {"source": "events", "files": (), "out": tmp_path} | options
    with pytest.raises(ConfigurationError, match=message.replace("(", r"\(")):
        Job(**given).run(lambda *_: None)


def test_a_missing_file_and_one_in_utf_16_are_input_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        Job("events", (str(tmp_path / "none"),), tmp_path / "out").run(lambda *_: None)
    (tmp_path / "wide").write_text("{}", encoding="utf-16")
    with pytest.raises(InputError, match="wide: the file is UTF-16; save it as UTF-8"):
        Job("events", (str(tmp_path / "wide"),), tmp_path / "out").run(lambda *_: None)


LINES = [orjson.dumps(state(at, "aux", agent=f"a{at % 50}")) + b"\n" for at in range(2_000)]
PACKED = gzip.compress(b"".join(LINES))
DAMAGED = {
    "cut": (PACKED[:-600], "ended before the end-of-stream", range(1_000, 2_000)),
    "zeros inside": (PACKED[:3_000] + bytes(40) + PACKED[3_040:], "", range(2_000)),
    "another sum": (PACKED[:-8] + bytes(8), "crc check failed", range(2_000, 2_001)),
    "more behind": (PACKED + b"more", "not a gzipped file", range(2_000, 2_001)),
    "more behind a last line without an end": (
        gzip.compress(b"".join(LINES).rstrip()) + b"more",
        "not a gzipped file",
        range(2_000, 2_001),
    ),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_of_a_gzip_file_that_is_cut_or_broken_what_can_be_read_counts_and_the_run_fails(
    tmp_path: Path, damage: str
) -> None:
    packed, reason, most = DAMAGED[damage]
    (tmp_path / "cut.gz").write_bytes(packed)
    with pytest.raises(FloorwatchError, match=rf"cut\.gz: .*{reason}") as error:
        Job("events", (str(tmp_path / "cut.gz"),), tmp_path / "out").run(lambda *_: None)
    assert error.value.exit_status == 1
    events = json.loads((tmp_path / "out/summary.json").read_text())["events"]
    assert events in most
    assert f"the {events} events that could be read are in the results" in str(error.value)


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_byte_order_mark_is_no_part_of_the_first_row(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    (tmp_path / "marked").write_bytes(pack(b"\xef\xbb\xbf" + b"\r\n".join(LINES[:3])))
    Job("events", (str(tmp_path / "marked"),), tmp_path / "out").run(lambda *_: None)
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert (summary["events"], summary["rejected"]) == (3, 0)


@pytest.mark.parametrize("source", ["events", "anonymous-bank"])
def test_where_no_row_could_be_read_the_source_that_was_expected_is_said(
    tmp_path: Path, source: str
) -> None:
    file, out = tmp_path / "noise", tmp_path / "out"
    file.write_bytes(bytes(random.Random(1).randrange(256) for _ in range(5_000)))
    job = Job(source, (str(file),), out, zone="UTC")
    with pytest.raises(
        FloorwatchError, match=f"no row could be read; SOURCE '{source}' is"
    ) as caught:
        job.run(lambda *_: None)
    assert caught.value.exit_status == 1
    summary = json.loads((out / "summary.json").read_text())
    assert summary["rejected"] == (out / "rejected.jsonl").read_text().count("\n") > 0


def test_what_an_earlier_run_left_and_this_one_does_not_write_is_removed(tmp_path: Path) -> None:
    out = replayed(tmp_path, [state(0, "aux")], arrival=True)
    (out / "mine.txt").touch()
    assert (out / "late.jsonl").exists()
    replayed(tmp_path, [state(0, "aux")])
    assert not (out / "late.jsonl").exists()
    assert (out / "mine.txt").exists()


def test_results_that_cannot_be_written_are_found_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    steps: list[str] = []
    file = write(tmp_path / "x.jsonl", [state(0, "aux")])
    with pytest.raises(InputError, match=r"--out .*: not a directory"):
        Job("events", (file,), tmp_path / "file/out").run(lambda step, *_: steps.append(step))
    assert steps == []


def test_a_name_that_begins_like_a_formula_is_text_for_a_spreadsheet_and_numbers_stay_numbers(
    tmp_path: Path,
) -> None:
    file = tmp_path / "odd.jsonl"
    event = {**state(1, "available"), "agent": "=1+1", "team": "@red", "floor": "-north"}
    later = {**event, "ts": NINE_MS + MINUTE_MS + 1_000}
    file.write_bytes(orjson.dumps(event) + b"\n" + orjson.dumps(later))
    Job("events", (str(file),), tmp_path / "out").run(lambda *_: None)
    (agent,) = table(tmp_path / "out/agents.csv")
    assert (agent["agent"], agent["team"], agent["floor"]) == ("'=1+1", "'@red", "'-north")
    assert float(agent["available_s"]) == 1.0
    (team,) = table(tmp_path / "out/teams.csv")
    assert (team["team"], team["floor"], team["members"]) == ("'@red", "'-north", "1")


def test_events_over_a_limit_of_names_are_rejected_rows(tmp_path: Path) -> None:
    file, config = tmp_path / "many.jsonl", tmp_path / "floorwatch.toml"
    config.write_text("[limits]\nagents = 2\n")
    events = [state(1, "available", agent=f"a{number}") for number in range(4)]
    events.append(state(2, "aux", agent="a0"))
    file.write_bytes(b"\n".join(map(orjson.dumps, events)))
    job = Job("events", (str(file),), tmp_path / "out", config=config)
    job.run(lambda *_: None)
    rows = (tmp_path / "out/rejected.jsonl").read_text().splitlines()
    found = [(row["line"], row["reason"]) for row in map(json.loads, rows)]
    assert found == [(3, "over_limit"), (4, "over_limit")]
    assert json.loads((tmp_path / "out/summary.json").read_text())["agents"] == 2
