"""The memory of facts of calls that are over."""

import numpy as np
import pytest

from stream.events.language import I64, Phase
from stream.units import MINUTE_MS
from stream.windows.calls.index import U64, call_hashes
from stream.windows.calls.seen_facts import CALL_ITSELF, CallBit, SeenFacts, bit_of, keys_of

FLOORS = 3
SPAN_MS = 15 * MINUTE_MS
ALL_BITS = np.uint64(7)


def drawn(rng: np.random.Generator, count: int) -> tuple[U64, U64, I64, I64]:
    """Numbers, bits, floors and instants; some numbers come again and again."""
    number = rng.integers(0, 2**61, count, dtype=np.uint64) << np.uint64(3)
    number[::3] = rng.integers(0, 5, len(number[::3]), dtype=np.uint64) << np.uint64(3)
    bits = rng.integers(0, 8, count, dtype=np.uint64)
    return (
        number,
        bits,
        (number >> np.uint64(3)).astype(np.int64) % FLOORS,
        rng.integers(0, 10 * SPAN_MS, count),
    )


@pytest.mark.parametrize("seed", range(4))
def test_it_holds_what_was_added_until_its_span_is_past(seed: int) -> None:
    rng = np.random.default_rng(seed)
    seen, wanted = SeenFacts(), dict[tuple[int, int, int], int]()
    for _ in range(60):
        number, bits, floor, newest_ms = drawn(rng, int(rng.integers(0, 30)))
        seen.add(number | bits, floor.astype(np.int32), newest_ms)
        rows = zip(*(c.tolist() for c in (number, bits, floor, newest_ms // SPAN_MS)), strict=True)
        for one, some, where, span in rows:
            key = (one, where, span)
            wanted[key] = wanted.get(key, 0) | some
        if rng.integers(0, 4) == 0:
            before_ms = rng.integers(0, 10 * SPAN_MS, FLOORS)
            seen.drop_before(before_ms)
            wanted = {
                key: some
                for key, some in wanted.items()
                if (key[2] + 1) * SPAN_MS > before_ms[key[1]]
            }
        asked = np.array([*{key[0] for key in wanted}, *drawn(rng, 9)[0]], np.uint64)
        for bit in (1, 2, 4):
            found = seen.contains(asked, np.full(len(asked), bit, np.uint64))
            known = {key[0] for key, some in wanted.items() if some & bit}
            assert found.tolist() == [one in known for one in asked.tolist()]


def test_what_is_kept_depends_neither_on_the_order_nor_on_the_batches() -> None:
    number, bits, floor, newest_ms = drawn(np.random.default_rng(7), 200)
    whole, parts = SeenFacts(), SeenFacts()
    whole.add(number | bits, floor.astype(np.int32), newest_ms)
    for at in np.array_split(np.random.default_rng(8).permutation(200), 17):
        parts.add(number[at] | bits[at], floor[at].astype(np.int32), newest_ms[at])
    assert {span: run.entries.tolist() for span, run in whole.runs.items()} == {
        span: run.entries.tolist() for span, run in parts.runs.items()
    }
    assert max(len(run.entries) for run in whole.runs.values()) < 200


def test_an_empty_memory_holds_nothing() -> None:
    seen = SeenFacts()
    seen.add(np.zeros(0, np.uint64), np.zeros(0, np.int32), np.zeros(0, np.int64))
    assert seen.runs == {}
    asked = np.array([0, 8], np.uint64)
    assert seen.contains(asked, np.full(2, ALL_BITS)).tolist() == [False, False]


def test_numbers_differ_in_floor_call_and_agent_and_leave_room_for_the_bits() -> None:
    calls = [f"c{number}" for number in range(40)] * 3
    base = call_hashes(np.repeat(np.arange(3), 40), calls)
    agents = range(CALL_ITSELF, 30)
    found = np.concatenate([keys_of(base, agent) for agent in agents])
    assert len(np.unique(found)) == len(calls) * len(agents)
    assert not (found & ALL_BITS).any()


def test_the_phases_of_a_call_and_those_of_a_leg_have_bits_of_their_own() -> None:
    of_call = [*map(int, map(bit_of, (Phase.offered, Phase.abandoned))), int(CallBit.over)]
    of_leg = [*map(int, map(bit_of, (Phase.answered, Phase.ended, Phase.wrapped)))]
    assert sorted(of_call) == sorted(of_leg) == [1, 2, 4]
