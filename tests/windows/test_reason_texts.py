"""Reasons and who hung up are stored with what gave them, and of different texts only so many."""

from itertools import permutations
from typing import Any
from unittest import mock

import numpy as np
import pytest

from stream.events.decode import decode
from stream.events.language import EndedBy
from stream.events.reasons import NO_REASON, reason_number
from stream.shard import Shard
from stream.spec import Spec
from stream.windows import reason_texts
from stream.windows.packing import pack, unpack
from tests.windows.telling import T_MS, Event, call, heartbeat, push, shard_of, state, states_of

STORY = [
    state(0, "ann", "aux", reason="coffee"),
    state(5, "bob", "meal"),
    state(9, "bob", "aux", reason="手机"),
    call(10, "answered", "ann"),
    call(40, "ended", "ann", by="customer", reason="hung up"),
]


def row_reasons(shard: Shard, agent: str) -> list[str]:
    """The reasons of an agent's rows, in their order."""
    number = shard.names.agents.number_of["main", agent]
    rows, _ = shard.engine.timelines.of(np.array([number]))
    return [shard.engine.reasons.text(one) for one in rows.reason.tolist()]


def facts_of(shard: Shard) -> list[tuple[int, str, str]]:
    """Phase, who ended and reason of each fact of all open calls, in their order."""
    calls, text = shard.engine.counting.calls, shard.engine.reasons.text
    row, _ = calls.facts.of(calls.index.numbers)
    columns = (calls.facts.phase, calls.facts.by, calls.facts.reason)
    facts = zip(*(column[row].tolist() for column in columns), strict=True)
    return sorted((phase, EndedBy(by).name, text(reason)) for phase, by, reason in facts)


def seen(shard: Shard) -> Any:
    return row_reasons(shard, "ann"), row_reasons(shard, "bob"), facts_of(shard)


def restored(shard: Shard, without: str = "-") -> Shard:
    """The shard as its snapshot says; without: parts of state that an earlier version lacks."""
    parts = {}
    for name, packed in shard.snapshot().changed.items():
        pieces = unpack(packed)
        parts[name] = pack({key: one for key, one in pieces.items() if without not in key})
    return Shard.restore(Spec(event_clock=True), shard.names.roster, parts, shard.control_state())


def test_reasons_and_who_hung_up_are_stored_and_survive_a_restore() -> None:
    shard = shard_of(STORY)
    wanted = ["coffee"], ["", "手机"], [(1, "unnamed", ""), (2, "customer", "hung up")]
    assert seen(shard) == wanted
    assert seen(restored(shard)) == wanted


def test_state_of_a_version_without_reasons_is_read() -> None:
    found = restored(shard_of(STORY), without="reason")
    assert seen(found) == ([""], ["", ""], [(1, "unnamed", ""), (2, "customer", "")])


def test_rows_that_differ_by_their_reason_alone_begin_nothing_and_one_with_a_reason_holds() -> None:
    rows = [
        state(0, "ann", "available"),
        state(60, "ann", "aux"),
        state(60, "ann", "aux", reason="coffee"),
        state(120, "ann", "available"),
    ]
    once = shard_of([rows[0], rows[1], rows[3]])
    assert np.sum(spells(once)) == 3
    for order in permutations(rows):
        shard = shard_of(list(order))
        assert row_reasons(shard, "ann") == ["", "", "coffee", ""]
        assert states_of(shard, 180, "ann") == states_of(once, 180, "ann")
        assert spells(shard) == spells(once)


def spells(shard: Shard) -> Any:
    hours = shard.engine.hours
    assert hours is not None
    return hours.spells[: len(shard.names.seats)].tolist()


@pytest.mark.parametrize("more", [{"by": "agent"}, {"reason": "transfer"}])
def test_a_fact_that_differs_by_who_hung_up_or_its_reason_is_a_repeat(more: Event) -> None:
    facts = [call(0, "answered", "ann"), call(40, "ended", "ann"), call(40, "ended", "ann", **more)]
    found = []
    for order in permutations(facts):
        shard = shard_of(list(order))
        found.append((facts_of(shard), +shard.engine.counting.calls.odd))
    assert found[0][1] == {"repeat": 1}
    assert found == [found[0]] * len(found)


def test_beyond_the_limit_a_reason_is_read_as_other_and_the_event_counts() -> None:
    events = [state(at, "ann", "aux", reason=f"code {at}") for at in range(4)]
    with mock.patch.object(reason_texts, "REASONS_MOST", 2):
        for split in range(5):
            shard = shard_of([])
            push(shard, events[:split])
            shard = restored(shard)
            push(shard, events[split:])
            assert row_reasons(shard, "ann") == ["code 0", "code 1", "other", "other"]


def test_events_that_do_not_count_give_no_reasons() -> None:
    shard = shard_of([heartbeat(4_000)])
    late = state(0, "ann", "aux", reason="of a late event")
    assert push(shard, [late, state(4_000, "ann", "aux", reason="coffee")])
    assert shard.engine.reasons.to_list() == ["coffee"]


@pytest.mark.parametrize("text", ["", "a\0b", "☎" * 21, "x" * 64])
def test_any_text_that_an_event_may_have_is_a_reason(text: str) -> None:
    shard = shard_of([state(0, "ann", "aux", reason=text)])
    assert row_reasons(shard, "ann") == [text]
    assert (reason_number(text) == NO_REASON) == (text == "")


def test_a_reason_with_half_a_character_is_a_reason_too() -> None:
    shard = Shard(Spec(event_clock=True))
    record = (
        b'{"type": "state", "ts": %d, "agent": "ann", "state": "aux", "reason": "\\ud800"}' % T_MS
    )
    decoded = decode([record], [T_MS], shard.names)
    shard.push(decoded.batch)
    assert len(decoded.batch) + len(decoded.rejected) == 1
