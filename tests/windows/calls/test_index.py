"""Calls are found by a hash of floor and name."""

import numpy as np

from stream.roster import ID_BYTES_MOST
from stream.windows.calls.index import NONE, FreeList, Index, call_hashes


def hash_of(floor: int, name: str) -> int:
    return int(call_hashes(np.array([floor]), [name])[0])


def test_the_hash_of_a_call_is_the_same_alone_and_in_company() -> None:
    names = ["a", "☎", "a", "b" * ID_BYTES_MOST]
    together = call_hashes(np.array([0, 0, 1, 2]), names)
    alone = [hash_of(floor, name) for floor, name in zip((0, 0, 1, 2), names, strict=True)]
    assert together.tolist() == alone
    assert len(call_hashes(np.zeros(0, np.int64), [])) == 0


def test_the_hash_of_a_call_is_the_same_for_ever_since_it_is_stored() -> None:
    assert [hash_of(0, "c1"), hash_of(7, "☎")] == [0x1B969D7608881268, 0x689F0DBCA9921FA0]


def test_calls_that_differ_in_floor_or_name_differ_in_their_hash() -> None:
    names = [f"{prefix}{number}" for prefix in ("", "c", "C-0") for number in range(50_000)]
    names += ["x" * length for length in range(1, ID_BYTES_MOST + 1)]
    hashes = [call_hashes(np.full(len(names), floor), names) for floor in range(4)]
    assert len(np.unique(np.concatenate(hashes))) == 4 * len(names)


def test_the_bits_of_hashes_are_as_good_as_random() -> None:
    hashes = call_hashes(np.zeros(20_000, np.int64), [f"c{number}" for number in range(20_000)])
    ones = [int(np.count_nonzero(hashes >> np.uint64(bit) & np.uint64(1))) for bit in range(64)]
    assert max(abs(count - 10_000) for count in ones) < 400


def test_an_index_finds_what_was_entered_and_not_dropped() -> None:
    rng = np.random.default_rng(3)
    index, held = Index(), dict[int, int]()
    for _ in range(50):
        new = np.setdiff1d(rng.integers(0, 500, 20).astype(np.uint64), index.hashes)
        index.insert(new, rng.integers(0, 1_000, len(new)))
        held |= dict(zip(new.tolist(), index.find(new).tolist(), strict=True))
        kept = rng.random(len(index.hashes)) < 0.9
        held = {key: held[key] for key in index.hashes[kept].tolist()}
        index.keep(kept)
        found = index.find(np.arange(500, dtype=np.uint64))
        assert found.tolist() == [held.get(key, NONE) for key in range(500)]
    assert Index().find(np.arange(3, dtype=np.uint64)).tolist() == [NONE] * 3


def test_numbers_that_were_given_back_are_taken_before_new_ones() -> None:
    slots = FreeList()
    assert slots.allocate(3).tolist() == [0, 1, 2]
    slots.free(np.array([1, 0]))
    assert sorted(slots.allocate(3).tolist()) == [0, 1, 3]
    assert (slots.allocate(0).tolist(), slots.size) == ([], 4)
