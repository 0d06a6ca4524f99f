"""States in stored columns, whose numbers may be those of another version."""

import numpy as np

from stream.errors import StateError
from stream.events.language import I64, STATE_COUNT, State
from stream.windows.packing import Pieces

STATE_NAMES = [state.name for state in State]
"""The names of states by their numbers in the parts."""


def numbers_of(stored: list[str]) -> I64 | None:
    """The number now of each stored number of a state; None if all are the same.

    Raises:
        StateError: a state that this version does not know.
    """
    if stored == STATE_NAMES:
        return None
    unknown = sorted(set(stored) - set(STATE_NAMES))
    if unknown:
        msg = (
            f"the stored state has agent states that this version does not know "
            f"({', '.join(unknown)}): run the version that wrote it, or clear the shard's state "
            f"and rebuild it"
        )
        raise StateError(msg)
    return np.array([State[name] for name in stored], np.int64)


def renumbered(pieces: Pieces, numbers: I64 | None) -> Pieces:
    """A block of agents or seats, with the states' numbers of this version."""
    if numbers is None:
        return pieces
    for name in pieces.keys() & {"row_state", "last_state"}:
        pieces[name] = numbers[pieces[name]].astype(pieces[name].dtype)
    for name in pieces.keys() & {"minutes", "shifts", "hour_states", "hour_spells"}:
        by_state = np.zeros((*pieces[name].shape[:-1], STATE_COUNT), pieces[name].dtype)
        by_state[..., numbers] = pieces[name]
        pieces[name] = by_state
    return pieces
