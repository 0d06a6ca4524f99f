"""Rows of equal time without `seq`: their order is that in which they appear."""

import json
from random import Random
from typing import Any

import numpy as np
import pytest

from stream.events.decode import decode, decode_objects
from stream.events.language import Reason, StampType
from stream.events.names import Names
from stream.events.ranks import ranks
from tests.events.drawn import STATE, T_MS, Document
from tests.reference.records import ranked

MORE: list[Document] = [{}, {"sync": True}, {"seq": 9}]


def seqs(*records: list[Document], given: list[int] | None = None) -> list[int]:
    values = [json.dumps(record).encode() for record in records]
    decoded = decode(values, None, Names(), ranks=None if given is None else np.array(given))
    assert decoded.rejected == []
    return list(decoded.batch.states.seq.tolist())


def row(state: str, **more: Any) -> Document:
    return {**STATE, "state": state} | more


def test_different_rows_of_one_time_in_a_record_count_up_and_equal_ones_share_a_rank() -> None:
    assert seqs([row("acw"), row("available"), row("acw"), row("acw", sync=True)]) == [0, 1, 0, 2]


def test_other_agents_sources_times_and_records_have_ranks_of_their_own() -> None:
    record = [row("acw"), row("aux", agent="bob"), row("aux", ts=T_MS + 1), row("aux", source="b")]
    assert seqs(record, [row("aux")]) == [0, 0, 0, 0, 0]


def test_a_seq_that_is_given_is_kept_and_takes_no_rank() -> None:
    assert seqs([row("acw", seq=7), row("aux"), row("meal", seq=0)]) == [7, 0, 0]


def test_a_replay_gives_the_ranks_of_its_file() -> None:
    assert seqs([row("acw")], [row("aux")], [row("meal", seq=5)], given=[3, 4, 9]) == [3, 4, 5]


@pytest.mark.parametrize("seed", range(50))
def test_ranks_are_those_of_the_naive_reference(seed: int) -> None:
    random = Random(seed)
    records = [
        [
            row(
                random.choice(["acw", "aux", "meal"]),
                agent=random.choice(["ann", "bob"]),
                ts=T_MS + random.randrange(2),
                team=random.choice(["a", "b"]),
                source=random.choice(["p", "q"]),
                **random.choice(MORE),
            )
            for _ in range(random.randrange(1, 9))
        ]
        for _ in range(6)
    ]
    assert seqs(*records) == [event["seq"] for record in records for event in ranked(record)]


def test_no_rows_have_no_ranks() -> None:
    none = np.zeros(0, np.int64)
    assert ranks((none, none), (none,)).tolist() == []


def test_each_event_has_the_type_of_its_records_time_stamp() -> None:
    values = [json.dumps([STATE, STATE]).encode(), json.dumps(STATE).encode()]
    appended = decode(values, [T_MS, T_MS], Names(), appended=b"\0\1").batch.stamp.tolist()
    assert appended == [StampType.producer, StampType.producer, StampType.broker]
    assert decode(values, [T_MS, -1], Names()).batch.stamp.tolist() == [StampType.producer] * 3
    assert decode_objects([STATE], None, Names()).batch.stamp.tolist() == [StampType.none]


def test_whoever_stamps_an_event_more_than_five_seconds_ahead_of_its_record_is_rejected() -> None:
    values = [json.dumps(STATE).encode()] * 2
    decoded = decode(values, [T_MS - 5_000, T_MS - 5_001], Names(), appended=b"\1\1")
    assert [(one.record, one.reason) for one in decoded.rejected] == [(1, Reason.ahead)]
