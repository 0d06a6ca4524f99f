"""Our own events as JSON lines."""

import orjson
import pytest

from stream.sources.events import read
from stream.sources.recording import InputFile

T = 1_790_000_000_000


def line(ts: object = T, **fields: object) -> bytes:
    return orjson.dumps({"type": "state", "ts": ts, "agent": "a", "state": "aux"} | fields) + b"\n"


def test_lines_and_arrays_of_events_are_taken_in_file_order() -> None:
    array = b"[" + line(T + 5).strip() + b"," + line(T + 3).strip() + b"]\n"
    recording = read([InputFile("x", [line(T + 9), b"\n", array])])
    assert recording.ts_ms.tolist() == [T + 9, T + 5, T + 3]
    assert recording.line.tolist() == [1, 3, 3]
    assert recording.rows == 2
    assert recording.in_time_order().ts_ms.tolist() == [T + 3, T + 5, T + 9]


def test_events_of_one_instant_stay_in_file_order() -> None:
    recording = read([InputFile("x", [line(agent="b"), line(agent="a"), line(T - 1)])])
    ordered = [orjson.loads(value)["agent"] for value in recording.in_time_order().values]
    assert ordered == ["a", "b", "a"]


def test_received_stands_beside_the_event_and_is_unknown_where_it_is_missing() -> None:
    text = line(received="2026-09-21T14:13:21Z")
    recording = read([InputFile("x", [text, line()])])
    assert recording.received_ms.tolist() == [T + 1_000, -1]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"{broken\n", "broken_json"),
        (b"7\n", "not_an_object"),
        (b"{}\n", "missing_field"),
        (line("yesterday"), "bad_time"),
        (line(T // 1000), "bad_time"),
        (line(received=[]), "wrong_type"),
        (b"[" * 100_000 + b"\n", "broken_json"),
    ],
)
def test_what_cannot_be_ordered_is_unreadable_with_its_line(row: bytes, reason: str) -> None:
    recording = read([InputFile("x", [line(), row, line()])])
    assert [(bad.file, bad.line, bad.reason) for bad in recording.unreadable] == [(0, 2, reason)]
    assert len(recording.values) == 2


def test_only_events_before_an_instant_are_kept() -> None:
    recording = read([InputFile("x", [line(T), line(T + 1), line(T + 2)])])
    assert recording.before(T + 2).ts_ms.tolist() == [T, T + 1]


def test_an_array_over_several_lines_is_read_and_places_its_events() -> None:
    rows = [b"[\n", line(T).strip() + b",\n", b"{},\n", line(T + 1).strip() + b"]\n", line(T + 2)]
    recording = read([InputFile("x", rows)])
    assert recording.ts_ms.tolist() == [T, T + 1, T + 2]
    assert recording.line.tolist() == [2, 4, 5]
    assert [one.line for one in recording.unreadable] == [3]
    assert recording.rows == 4
