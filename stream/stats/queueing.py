"""Waiting: the estimate from the queue as it stands, and Erlang's formulas for the long run.

c is the number of agents who serve, a the offered load in erlang (arrival rate times AHT).
"""

from math import exp, inf

import numpy as np
import numpy.typing as npt

from stream.events.language import I64

F64 = npt.NDArray[np.float64]


def expected_wait(waiting: I64, handle_time: F64, serving: I64) -> F64:
    """Wait of a caller who joins now, while all are busy, in the unit of the handle time.

    (Q + 1) AHT / c: the queue-length delay predictor, c services ending every AHT and Q + 1 of
    them needed (Whitt 1999, Management Science 45, 870-888; Ibrahim & Whitt 2009, M&SOM 11).
    The caller of this function says 0 where somebody is free. NaN where nobody serves or the
    handle time is NaN; arrays of one shape.
    """
    waits: F64 = np.full(np.shape(waiting), np.nan)
    np.divide((waiting + 1) * handle_time, serving, out=waits, where=serving > 0)
    return waits


def erlang_b(c: int, a: float) -> float:
    """Chance that all c servers are busy where nobody waits.

    B(0) = 1, 1/B(c) = 1 + c / (a B(c-1)): Erlang 1917; the recursion as in Jagerman 1974
    (Bell System Technical Journal 53).
    """
    if a <= 0:
        return 1.0 if c == 0 else 0.0
    inverse = 1.0
    for servers in range(1, c + 1):
        inverse = 1 + servers / a * inverse
    return 1 / inverse


def erlang_c(c: int, a: float) -> float:
    """Chance to wait where all wait as long as it takes (Erlang 1917); 1 for a ≥ c.

    C = c B / (c - a (1 - B)).
    """
    if a >= c:
        return 1.0
    blocked = erlang_b(c, a)
    return c * blocked / (c - a * (1 - blocked))


def service_level(c: int, a: float, handle_time: float, within: float) -> float:
    """Share of callers who wait at most `within`, in the unit of the handle time; 0 for a ≥ c.

    1 - C(c, a) e^(-(c - a) within / AHT): the M/M/c queue, as `erlang_c`.
    """
    if a >= c:
        return 0.0
    return 1 - erlang_c(c, a) * exp(-(c - a) * within / handle_time)


def speed_of_answer(c: int, a: float, handle_time: float) -> float:
    """Mean wait over all callers, in the unit of the handle time; infinite for a ≥ c.

    C(c, a) AHT / (c - a): the M/M/c queue, as `erlang_c`.
    """
    if a >= c:
        return inf
    return erlang_c(c, a) * handle_time / (c - a)
