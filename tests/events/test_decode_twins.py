"""The path by columns and the plain path: the same events, the same refusals, word for word."""

import json
from collections.abc import Sequence
from typing import Any
from unittest import mock

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.events import columns, fields
from stream.events import decode as decoding
from stream.events.decode import decode, decode_objects
from stream.events.names import Names
from stream.events.parse import Unusual
from stream.events.partition import Route
from stream.roster import parse_roster
from tests.events.drawn import FIELDS, STATE, T_MS, Document, documents, told

ROSTER = parse_roster(
    "agent,team,from,to\nann,blue,,\nbob,blue,,2026-03-02T10:23:20.001Z\n"
    "bob,red,2026-03-02T10:23:20.001Z,\n",
    "roster.csv",
)
Told = tuple[list[Any], list[Any]]


def plainly(run: Sequence[Document]) -> Told:
    with mock.patch.object(columns, "fill", side_effect=Unusual):
        return by_columns(run)


def by_columns(run: Sequence[Document]) -> Told:
    names = Names(ROSTER)
    return told(decode_objects(run, [T_MS] * len(run), names), names)


@given(st.lists(documents(), max_size=6), st.integers(1, 3), st.integers(1, 4))
def test_both_paths_give_the_same_batch_and_the_same_refusals(
    drawn: list[Document], times: int, few: int
) -> None:
    run = drawn * times
    with mock.patch.object(decoding, "FEW", few):
        assert by_columns(run) == plainly(run)


def test_one_bad_event_among_hundreds_is_alone_in_being_read_by_itself() -> None:
    run: list[Document] = [{**STATE, "ts": T_MS - index} for index in range(700)]
    run[311] = {**STATE, "agent": "a/b"}
    with mock.patch.object(decoding, "read", wraps=fields.read) as read:
        events, refused = by_columns(run)
    assert [one[0] for one in refused] == [311]
    assert len(events) == 699
    assert read.call_count <= decoding.FEW


@given(st.lists(documents(), max_size=5), st.integers(0, 4))
def test_an_event_is_taken_or_refused_whatever_stands_beside_it(
    drawn: list[Document], good: int
) -> None:
    run = [*drawn[:good], STATE, *drawn[good:]]
    together = by_columns(run)
    alone = [by_columns([document]) for document in run]
    assert [event[1:] for event in together[0]] == [
        event[1:] for events, _ in alone for event in events
    ]
    assert sorted(one[1:] for one in together[1]) == sorted(
        one[1:] for _, refused in alone for one in refused
    )


@given(st.lists(documents(), max_size=4), st.lists(documents(), max_size=4))
def test_what_was_decoded_before_changes_nothing(
    first: list[Document], second: list[Document]
) -> None:
    names = Names(ROSTER)
    decode_objects(first, None, names)
    again = told(decode_objects(second, None, names), names)
    fresh = Names(ROSTER)
    assert again == told(decode_objects(second, None, fresh), fresh)


@pytest.mark.parametrize("name", sorted(FIELDS))
@pytest.mark.parametrize("kind", ["state", "call", "queue", "heartbeat", "snapshot"])
def test_each_value_of_each_field_is_judged_alike_beside_a_good_one(kind: str, name: str) -> None:
    whole: Document = {
        "type": kind, "ts": T_MS, "agent": "ann", "state": "acw", "call": "c", "phase": "wrapped",
        "waiting": 1, "agents": ["ann"],
    }  # fmt: skip
    for value in FIELDS[name][0] + FIELDS[name][1]:
        for base in (whole, {key: whole[key] for key in ("type", "ts")}):
            run = [{**base, name: FIELDS[name][0][0]} | {"type": kind}, {**base, name: value}]
            assert by_columns(run) == plainly(run), value


@given(
    st.lists(st.lists(documents(), min_size=1, max_size=3), max_size=4),
    st.integers(0, 1),
)
def test_arrays_of_events_keep_the_index_of_their_record_on_both_paths(
    records: list[list[Document]], partition: int
) -> None:
    option = orjson.OPT_PASSTHROUGH_SUBCLASS
    values = []
    for held in records:
        try:
            values.append(orjson.dumps(held, option=option))
        except orjson.JSONEncodeError:  # a number or text that JSON from orjson cannot hold
            values.append(b"{")
    found = []
    for filler in (columns.fill, mock.Mock(side_effect=Unusual)):
        with mock.patch.object(columns, "fill", filler):
            names = Names(ROSTER)
            route = Route(partition, 2)
            found.append(told(decode(values, [T_MS] * len(values), names, route), names))
    assert found[0] == found[1]
    assert {event[0] for event in found[0][0]} <= set(range(len(values)))


@given(st.lists(st.lists(documents(), max_size=3), max_size=6), st.integers(1, 4))
def test_how_many_records_are_decoded_at_once_makes_no_difference(
    drawn: list[list[Document]], at_once: int
) -> None:
    values = [json.dumps(run, default=str).encode() for run in drawn]
    values += [b"{broken", b'{"type":"heartbeat","ts":1}', orjson.dumps(STATE)]
    times_ms = [T_MS + index for index in range(len(values))]
    whole = Names(ROSTER)
    expected = told(decode(values, times_ms, whole), whole)
    with mock.patch.object(decoding, "RECORDS_AT_ONCE", at_once):
        names = Names(ROSTER)
        assert told(decode(values, times_ms, names), names) == expected
