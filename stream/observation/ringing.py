"""Phones that ring between two instants, as control observes their agents."""

import numpy as np

from stream.events.language import I64, State
from stream.events.names import Names
from stream.windows.phones import Phones


def ringing_phones(
    names: Names,
    agent: I64,
    at_ms: I64,
    seat: I64,
    state: I64,
    call: I64,
    until_ms: int,
) -> Phones:
    """The phones that ring before until_ms.

    agent, at_ms, seat, state, call: (N,) the states of agents, one agent after the other, each from
    its instant on.
    """
    next_ms = np.full(len(agent), until_ms)
    same = np.flatnonzero(agent[1:] == agent[:-1])
    next_ms[same] = at_ms[same + 1]
    at = np.flatnonzero(state == State.ringing)
    return Phones.of_seats(names, seat[at], call[at], at_ms[at], next_ms[at])
