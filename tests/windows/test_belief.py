"""What is believed of a row as time goes on, against a twin that asks each instant."""

from random import Random

import numpy as np
import pytest

from stream.events.language import State
from stream.windows.belief import Belief
from stream.windows.panes import Intervals

END = 12


def belief_of(rows: list[tuple[int, int]]) -> Belief:
    until, gone = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    return Belief(until, gone)


def believed(state: int, until: int, gone: int, t: int) -> State:
    """Of one row at one instant."""
    if state == State.offline or t >= gone:
        return State.offline
    return State.unknown if t >= until else State(state)


@pytest.mark.parametrize("seed", range(50))
def test_pieces_are_what_is_believed_at_each_instant(seed: int) -> None:
    random = Random(seed)
    limits = [(random.randint(0, END), random.randint(0, END + 3)) for _ in range(6)]
    states = [random.choice([State.aux, State.unknown, State.offline]) for _ in limits]
    starts = [random.randint(0, 5) for _ in limits]
    whole = Intervals(
        np.array(starts),
        np.full(len(limits), END),
        np.arange(len(limits)),
        np.array(states, np.int64),
        np.ones(len(limits), np.int64),
    )
    pieces = belief_of(limits).split(whole)
    assert pieces.seat[: len(limits)].tolist() == list(range(len(limits)))
    found = {
        (seat, t): state
        for start, end, seat, state in zip(
            pieces.start_ms, pieces.end_ms, pieces.seat, pieces.state, strict=True
        )
        for t in range(start, end)
    }
    wanted = {
        (seat, t): believed(states[seat], *limits[seat], t)
        for seat in range(len(limits))
        for t in range(starts[seat], END)
    }
    assert found == wanted
    assert int((pieces.end_ms - pieces.start_ms).sum()) == len(wanted)
    for t in range(END):
        now = belief_of(limits).states(whole.state, t).tolist()
        assert now == [believed(states[row], *limits[row], t) for row in range(len(limits))]


def test_a_row_without_a_limit_is_left_whole() -> None:
    whole = Intervals(*(np.array([value], np.int64) for value in (1, 9, 0, State.aux, 1)))
    assert Belief.by_limit(np.array([99])).split(whole) is whole


def test_from_a_day_after_its_limit_on_a_row_is_offline() -> None:
    belief = Belief.by_limit(np.array([1_000]))
    assert belief.states(np.array([State.aux]), 86_400_999).tolist() == [State.unknown]
    assert belief.states(np.array([State.aux]), 86_401_000).tolist() == [State.offline]
