"""The bytes of a sealed hour."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stream.errors import StateError
from stream.events.language import STATE_COUNT
from stream.windows.calls.minute_sums import POOL_COUNTS, TEAM_COUNTS
from stream.windows.closing.archive import FORMAT, Hour, decode, encode

NAMES = st.text(
    st.characters(exclude_categories=["C"], exclude_characters="/"), min_size=1, max_size=9
)
SMALL, LARGE = st.integers(0, 3), st.integers(-(2**63), 2**63 - 1)


@st.composite
def hours(draw: st.DrawFn) -> Hour:
    """Hours with whatever names and numbers, most of which are small."""
    seats = sorted(draw(st.sets(st.tuples(NAMES, NAMES, NAMES), max_size=5)))
    pools = sorted(draw(st.sets(NAMES, max_size=3)))

    def table(rows: int, width: int) -> np.ndarray:
        numbers = draw(st.lists(SMALL | LARGE, min_size=rows * width, max_size=rows * width))
        return np.array(numbers, np.int64).reshape(rows, width)

    return Hour(
        draw(NAMES),
        1_772_445_600_000,
        1_772_449_200_000,
        tuple(sorted(draw(st.dictionaries(NAMES, LARGE)).items())),
        tuple(seats),
        table(len(seats), STATE_COUNT),
        table(len(seats), STATE_COUNT),
        table(len(seats), len(TEAM_COUNTS)),
        tuple(pools),
        table(len(pools), len(POOL_COUNTS)),
    )


@settings(max_examples=60, deadline=None)
@given(hours())
def test_an_hour_is_read_as_it_was_and_has_the_same_bytes_again(hour: Hour) -> None:
    blob = encode(hour)
    found = decode(blob)
    for name in Hour.__slots__:
        np.testing.assert_array_equal(getattr(found, name), getattr(hour, name))
    assert encode(found) == blob


def small() -> Hour:
    seats = (("main", "blue", "ann"), ("main", "blue", "bob"), ("main", "red", "ann"))
    states = np.arange(3 * STATE_COUNT).reshape(3, STATE_COUNT) * 99_991
    return Hour(
        "north",
        1_772_445_600_000,
        1_772_449_200_000,
        (("pbx", 1_772_449_500_000),),
        seats,
        states,
        np.ones((3, STATE_COUNT), np.int64),
        np.zeros((3, len(TEAM_COUNTS)), np.int64),
        ("main",),
        np.full((1, len(POOL_COUNTS)), 7),
    )


@pytest.mark.parametrize("at", [0, 5, 13, 40, -1])
def test_a_changed_byte_is_noticed(at: int) -> None:
    blob = bytearray(encode(small()))
    blob[at] ^= 1
    with pytest.raises(StateError, match=r"no archived hour|damaged|of format"):
        decode(bytes(blob))


@pytest.mark.parametrize("size", [0, 3, 11, 12, 60])
def test_an_hour_of_which_the_end_is_missing_is_refused(size: int) -> None:
    with pytest.raises(StateError, match="damaged"):
        decode(encode(small())[:size])


def test_another_format_is_refused_by_its_number() -> None:
    blob = bytearray(encode(small()))
    blob[4] = FORMAT + 1
    with pytest.raises(StateError, match=f"format {FORMAT + 1}, this version reads {FORMAT}"):
        decode(bytes(blob))


def test_what_is_zero_everywhere_takes_no_room() -> None:
    hour = small()
    calls = hour.calls.copy()
    calls[0, 3] = 1
    assert len(encode(replace(hour, calls=calls))) > len(encode(hour))


def test_a_seat_takes_thirty_bytes() -> None:
    """Goal: the budget. Method: 1 000 seats of drawn times, as even as random numbers can be."""
    rng = np.random.default_rng(3)
    size = 1_000
    states = np.zeros((size, STATE_COUNT), np.int64)
    states[:, [0, 1, 3, 5, 7]] = rng.integers(0, 720_000, (size, 5))
    calls = np.zeros((size, len(TEAM_COUNTS)), np.int64)
    calls[:, [0, 1, 4, 7, 9]] = rng.integers(5, 20, size)[:, None]
    calls[:, [3, 6, 8]] = rng.integers(0, 2**21, (size, 3))
    seats = tuple(("main", f"team-{n // 20:02d}", f"agent-{n:05d}") for n in range(size))
    spells = (states > 0) * rng.integers(1, 15, (size, STATE_COUNT))
    hour = replace(small(), seats=seats, state_ms=states, spells=spells, calls=calls)
    assert len(encode(hour)) / size < 35
