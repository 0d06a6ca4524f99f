"""Dead letters name their source and reason, once for each record and reason."""

from stream.dlq.dead_letters import CUT_BYTES, WHOLE_BYTES_MAX, Origin, make_dead_letters
from stream.events.language import Reason, Rejected
from stream.windows.lateness import Late

ORIGIN = Origin("floor-events", 3)


def test_a_dead_letter_carries_reason_topic_partition_and_offset() -> None:
    rejected = [Rejected(1, Reason.broken_json, "unexpected end")]

    (letter,) = make_dead_letters(ORIGIN, [b"{}", b"{"], [70, 71], rejected, [])

    assert letter.key == b"floor-events:3:71:broken_json"
    assert letter.value == b"{"
    assert dict(letter.headers) == {
        "reason": b"broken_json",
        "detail": b"unexpected end",
        "events": b"1",
        "source_topic": b"floor-events",
        "source_partition": b"3",
        "source_offset": b"71",
    }


def test_events_of_one_record_with_one_reason_are_one_dead_letter() -> None:
    late = [Late(0, Reason.late_grace), Late(0, Reason.late_grace), Late(0, Reason.late_horizon)]

    letters = make_dead_letters(ORIGIN, [b"[...]"], [5], [], late)

    assert {(letter.reason, letter.events) for letter in letters} == {
        (Reason.late_grace, 2),
        (Reason.late_horizon, 1),
    }


def test_a_large_record_is_cut_and_says_so() -> None:
    value = b"x" * (WHOLE_BYTES_MAX + 1)

    (letter,) = make_dead_letters(ORIGIN, [value], [0], [Rejected(0, Reason.too_large, "")], [])

    assert letter.value == value[:CUT_BYTES]
    headers = dict(letter.headers)
    assert (headers["size"], headers["truncated"]) == (str(len(value)).encode(), b"true")


def test_a_record_of_just_the_limit_stays_whole_and_a_tombstone_stays_one() -> None:
    values = [b"x" * WHOLE_BYTES_MAX, None]
    rejected = [Rejected(0, Reason.broken_json, ""), Rejected(1, Reason.empty, "")]

    whole, tombstone = make_dead_letters(ORIGIN, values, [0, 1], rejected, [])

    assert whole.value == values[0]
    assert tombstone.value is None
    assert "truncated" not in dict(whole.headers)


def test_a_detail_that_is_no_utf_8_is_still_written() -> None:
    (letter,) = make_dead_letters(
        ORIGIN, [b"x"], [0], [Rejected(0, Reason.bad_id, "id \ud800")], []
    )

    assert dict(letter.headers)["detail"] == b"id ?"
