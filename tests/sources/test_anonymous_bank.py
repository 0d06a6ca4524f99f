"""The bank's rows become events by the rules that its truth files were made with."""

from zoneinfo import ZoneInfo

import orjson

from stream.events.decode import decode
from stream.events.names import Names
from stream.sources.anonymous_bank import read
from stream.sources.recording import InputFile, Recording

HEADER = (
    b"vru+line\tcall_id\tcustomer_id\tpriority\ttype\tdate\tvru_entry\tvru_exit\tvru_time\t"
    b"q_start\tq_exit\tq_time\toutcome\tser_start\tser_exit\tser_time\tserver\r\n"
)
ZONE = ZoneInfo("Asia/Jerusalem")
MIDNIGHT_MS = 915_141_600_000  # 1999-01-01T00:00:00+02:00


def row(
    call: str = "33118",
    *,
    day: str = "990101",
    menu: str = "6:55:20 6:55:26",
    queue: str = "0:00:00 0:00:00",
    outcome: str = "AGENT",
    service: str = "6:55:43 6:56:37",
    server: str = "MICHAL",
) -> bytes:
    """A row of the file; the clock columns as "from to"."""
    clocks = [*menu.split(), "6", *queue.split(), "0", outcome, *service.split(), "0", server]
    return "\t".join(["AA0101", call, "0", "2", "PS", day, *clocks]).encode() + b"\r\n"


def recorded(*rows: bytes) -> Recording:
    return read([InputFile("january", [HEADER, *rows])], ZONE)


def at(clock: str) -> int:
    hour, minute, second = map(int, clock.split(":"))
    return MIDNIGHT_MS + (hour * 3600 + minute * 60 + second) * 1000


def story(recording: Recording) -> list[tuple[int, str, str | None]]:
    """(ts, phase or state, agent) in time order."""
    documents = [orjson.loads(value) for value in recording.in_time_order().values]
    return [(one["ts"], one.get("phase") or one["state"], one.get("agent")) for one in documents]


def test_a_served_call_is_offered_answered_ended_and_its_agent_talks() -> None:
    told = story(recorded(row(queue="6:55:26 6:55:43")))
    assert set(told) == {
        (at("6:55:26"), "offered", None),
        (at("6:55:43"), "answered", "MICHAL"),
        (at("6:55:43"), "talking", "MICHAL"),
        (at("6:56:37"), "ended", "MICHAL"),
        (at("6:56:37"), "offline", "MICHAL"),
    }


def test_a_call_is_never_offered_after_it_was_answered_by_the_other_clock() -> None:
    told = story(recorded(row(service="6:55:25 6:56:37")))
    assert (at("6:55:25"), "offered", None) in told


def test_an_agent_talks_until_the_last_of_its_overlapping_calls_ends() -> None:
    told = story(
        recorded(
            row("1", service="7:00:00 7:10:00"),
            row("2", service="7:05:00 7:08:00"),
            row("3", service="7:10:00 7:12:00"),
        )
    )
    states = [(ts, what) for ts, what, _ in told if what in ("talking", "available", "offline")]
    assert states == [(at("7:00:00"), "talking"), (at("7:12:00"), "offline")]


def test_an_agent_is_available_for_up_to_an_hour_and_then_has_left() -> None:
    told = story(
        recorded(
            row("1", service="7:00:00 7:10:00"),
            row("2", service="8:10:00 8:11:00"),
            row("3", service="9:11:01 9:12:00"),
        )
    )
    states = [(ts, what) for ts, what, agent in told if what in ("available", "offline")]
    assert states == [
        (at("7:10:00"), "available"),
        (at("8:11:00"), "offline"),
        (at("9:12:00"), "offline"),
    ]


def test_a_step_back_of_more_than_twelve_hours_crosses_midnight() -> None:
    told = story(
        recorded(
            row("1", menu="23:59:15 23:59:34", service="23:59:33 0:03:40"),
            row(
                "2",
                day="990102",
                menu="23:59:55 0:00:05",
                queue="0:00:05 0:00:20",
                service="0:00:20 0:01:00",
                server="YITZ",
            ),
        )
    )
    day_ms = 86_400_000
    assert (at("0:03:40") + day_ms, "ended", "MICHAL") in told
    assert (at("0:00:05") + 2 * day_ms, "offered", None) in told
    assert (at("0:01:00") + 2 * day_ms, "ended", "YITZ") in told


def test_calls_without_a_known_agent_or_without_service_name_nobody() -> None:
    told = story(
        recorded(
            row("1", server="NO_SERVER"),
            row("2", queue="6:55:26 6:55:40", service="0:00:00 0:00:00"),
        )
    )
    assert all(agent is None for _, _, agent in told)
    assert [what for _, what, _ in told].count("answered") == 2
    assert (at("6:55:40"), "ended", None) in told


def test_who_hangs_up_in_the_queue_abandons_and_in_the_menu_was_never_offered() -> None:
    lost = recorded(
        row(
            "1",
            queue="6:55:26 6:56:26",
            outcome="HANG",
            service="0:00:00 0:00:00",
            server="NO_SERVER",
        ),
        row("2", outcome="HANG", service="0:00:00 0:00:00", server="NO_SERVER"),
        row("3", queue="6:55:26 6:56:26", outcome="PHANTOM", server="NO_SERVER"),
    )
    assert [orjson.loads(value)["phase"] for value in lost.values] == ["offered", "abandoned"]
    assert orjson.loads(lost.values[1])["wait_s"] == 60
    assert lost.rows == 3


def test_rows_that_cannot_be_read_stand_with_line_and_reason_and_harm_no_neighbour() -> None:
    broken = recorded(
        b"only\tthree\tfields\r\n",
        row("1", service="6:56:37 6:55:43"),
        row("2", service="6:55:43 26:00:00"),
        row("3", day="990231"),
        row("4", server="A/B"),
        row("5"),
        b"\xff\xfe\r\n",
    )
    assert [(bad.line, bad.reason) for bad in broken.unreadable] == [
        (2, "malformed"),
        (3, "negative_service"),
        (4, "bad_time"),
        (5, "bad_time"),
        (6, "bad_id"),
        (8, "malformed"),
    ]
    assert len(broken.values) == 5
    assert broken.unreadable[-1].text == "\\xff\\xfe"


def test_every_event_is_one_that_the_decoder_takes() -> None:
    recording = recorded(
        row("1"),
        row("2", server="NO_SERVER"),
        row("3", queue="6:55:26 6:56:26", outcome="HANG", service="0:00:00 0:00:00"),
    )
    decoded = decode(recording.values, None, Names())
    assert decoded.rejected == []
    assert decoded.batch.ts_ms.tolist() == recording.ts_ms.tolist()


def test_agents_are_followed_across_files() -> None:
    files = [
        InputFile("a", [HEADER, row("1", service="7:00:00 7:10:00")]),
        InputFile("b", [HEADER, row("2", service="7:20:00 7:30:00")]),
    ]
    recording = read(files, ZONE)
    assert (at("7:10:00"), "available", "MICHAL") in story(recording)
    assert recording.file.tolist() == [0] * 5 + [1] * 5
