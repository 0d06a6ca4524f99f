"""Arrays and JSON values as bytes, and back."""

import numpy as np
import pytest

from stream.windows.packing import pack, unpack


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint16, np.uint8, np.bool_, np.float64])
@pytest.mark.parametrize("shape", [(0,), (3,), (2, 0, 5), (2, 3, 4)])
def test_an_array_comes_back_with_its_type_shape_and_values(
    kind: type[np.generic], shape: tuple[int, ...]
) -> None:
    column = np.arange(np.prod(shape)).reshape(shape).astype(kind)
    found = unpack(pack({"a": column}))["a"]
    assert (found.dtype, found.shape) == (column.dtype, column.shape)
    assert np.array_equal(found, column)


@pytest.mark.parametrize("kind", [np.int64, np.uint32, np.uint16, np.float64])
@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 1_000])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9])
def test_an_array_of_which_much_is_nothing_comes_back_and_takes_less_room(
    kind: type[np.generic], size: int, share: float
) -> None:
    rng = np.random.default_rng(size)
    column = (rng.integers(1, 60_000, (size, 3)) * (rng.random((size, 3)) < share)).astype(kind)
    data = pack({"a": column, "b": [1]})
    found = unpack(data)
    assert found["a"].dtype == column.dtype
    assert np.array_equal(found["a"], column)
    assert found["b"] == [1]
    found["a"][:] = 0
    assert np.array_equal(unpack(data)["a"], column)
    if size == 1_000 and share < 0.5:
        assert len(data) < column.nbytes / 1.9


def test_no_array_takes_more_room_than_in_memory() -> None:
    full = np.arange(1, 1_001)
    assert len(pack({"a": full})) < full.nbytes + 60


def test_values_and_arrays_stand_side_by_side_in_their_order() -> None:
    pieces = {"n": 2**60, "names": [["北京", "☎"], []], "a": np.arange(3), "": None}
    found = unpack(pack(pieces))
    assert list(found) == list(pieces)
    assert (found["n"], found["names"], found[""]) == (2**60, [["北京", "☎"], []], None)


def test_no_pieces_are_packed_too() -> None:
    assert unpack(pack({})) == {}


def test_what_was_unpacked_may_be_written_to() -> None:
    data = pack({"a": np.arange(3)})
    unpack(data)["a"][:] = 7
    assert unpack(data)["a"].tolist() == [0, 1, 2]


def test_a_slice_is_packed_as_if_it_were_whole() -> None:
    column = np.arange(12).reshape(3, 4)
    assert pack({"a": column[:, ::2]}) == pack({"a": column[:, ::2].copy()})
