"""The memory of facts of calls that are over."""

import numpy as np
import pytest

from stream.events.language import I64
from stream.windows.told import U64, Run, Told, call_hashes, fact_hashes

FLOORS = 3


def run_of(hashes: U64, newest_ms: I64) -> Run:
    return Run(hashes, (hashes % FLOORS).astype(np.int32), newest_ms)


def drawn(rng: np.random.Generator, count: int) -> Run:
    hashes = rng.integers(0, 2**64, count, dtype=np.uint64)
    return run_of(hashes, rng.integers(0, 1_000, count))


def held(told: Told) -> dict[int, int]:
    return {
        hashed: newest
        for run in told.runs
        for hashed, newest in zip(run.hashes.tolist(), run.newest_ms.tolist(), strict=True)
    }


@pytest.mark.parametrize("seed", range(4))
def test_it_holds_what_was_added_until_it_is_forgotten(seed: int) -> None:
    rng = np.random.default_rng(seed)
    told, wanted = Told(), dict[int, tuple[int, int]]()
    for _ in range(60):
        run = drawn(rng, int(rng.integers(0, 30)))
        told.add(run)
        for row in zip(*(c.tolist() for c in (run.hashes, run.floor, run.newest_ms)), strict=True):
            wanted[row[0]] = row[1:]
        if rng.integers(0, 4) == 0:
            before = rng.integers(0, 300, FLOORS)
            told.forget(before)
            wanted = {key: one for key, one in wanted.items() if one[1] >= before[one[0]]}
        asked = np.array([*wanted, *rng.integers(0, 2**64, 9, dtype=np.uint64)], np.uint64)
        assert told.holds(asked).tolist() == [True] * len(wanted) + [False] * 9
        assert held(told) == {key: newest for key, (_, newest) in wanted.items()}


def test_many_small_runs_become_few() -> None:
    told, rng = Told(), np.random.default_rng(1)
    for _ in range(1_000):
        told.add(drawn(rng, 3))
    assert len(told.runs) <= 8
    assert sum(len(run.hashes) for run in told.runs) == 3_000


def test_an_empty_memory_holds_nothing() -> None:
    told = Told()
    told.add(run_of(np.zeros(0, np.uint64), np.zeros(0, np.int64)))
    assert told.runs == []
    assert told.holds(np.array([1, 2], np.uint64)).tolist() == [False, False]


def test_keys_of_facts_differ_in_floor_call_phase_and_agent() -> None:
    calls = [(floor, f"c{number}") for floor in range(3) for number in range(40)]
    base = call_hashes(calls)
    hashes = [
        fact_hashes(base, np.full(len(calls), phase), np.full(len(calls), agent))
        for phase in range(5)
        for agent in range(-1, 30)
    ]
    assert len(np.unique(np.concatenate(hashes))) == len(calls) * 5 * 31


def test_the_hash_of_a_call_is_the_same_alone_and_in_company() -> None:
    together = call_hashes([(0, "a"), (0, "☎"), (0, "a")])
    assert together.tolist() == [int(call_hashes([(0, one)])[0]) for one in ("a", "☎", "a")]
