"""Waiting times: an estimate from the current queue, and Erlang's formulas for the steady state.

c is the number of serving agents, a the offered load in erlang (arrival rate times AHT).
"""

from math import exp, inf

import numpy as np
import numpy.typing as npt

from stream.events.language import I64

F64 = npt.NDArray[np.float64]


def expected_wait(waiting: I64 | F64, handle_time: F64, serving: I64) -> F64:
    """Estimate the wait of a caller who joins now, while all agents are busy.

    (Q + 1) AHT / c, the queue-length delay predictor: c services end per AHT, and Q + 1 of them
    are needed (Whitt 1999, Management Science 45, 870-888; Ibrahim & Whitt 2009, M&SOM 11).
    Callers of this function report 0 where an agent is free.

    Args:
        waiting: Q, waiting calls.
        handle_time: AHT.
        serving: c, serving agents.

    Returns:
        In the unit of the handle time, of the arrays' one shape; NaN where nobody serves, or where
        the handle time or the number of waiting calls is NaN.

    >>> aht_s = np.array([240.0, 240.0, 240.0])
    >>> expected_wait(np.array([0, 3, 3]), aht_s, np.array([4, 4, 0])).tolist()
    [60.0, 240.0, nan]
    """
    waits: F64 = np.full(np.shape(waiting), np.nan)
    np.divide((waiting + 1) * handle_time, serving, out=waits, where=serving > 0)
    return waits


def erlang_b(c: int, a: float) -> float:
    """Return the probability that all c servers are busy, if blocked calls do not wait.

    B(0) = 1, 1/B(c) = 1 + c / (a B(c-1)): Erlang 1917; the recursion as in Jagerman 1974
    (Bell System Technical Journal 53).

    Erlang B tables give 4.461 erlang as the load of 10 lines at a blocking of 1 %:

    >>> round(erlang_b(10, 4.461), 4)
    0.01
    """
    if a <= 0:
        return 1.0 if c == 0 else 0.0
    inverse = 1.0
    for servers in range(1, c + 1):
        inverse = 1 + servers / a * inverse
    return 1 / inverse


def erlang_c(c: int, a: float) -> float:
    """Return the probability that a call waits, if no call abandons; 1 for a ≥ c.

    C = c B / (c - a (1 - B)): Erlang 1917.

    The textbooks' example: 100 calls in half an hour, AHT 3 minutes, so 10 erlang, for 14 agents:

    >>> round(erlang_c(14, 10), 3)
    0.174
    """
    if a >= c:
        return 1.0
    blocked = erlang_b(c, a)
    return c * blocked / (c - a * (1 - blocked))


def service_level(c: int, a: float, handle_time: float, within: float) -> float:
    """Return the share of calls that wait at most `within`; 0 for a ≥ c.

    1 - C(c, a) e^(-(c - a) within / AHT): the M/M/c queue, as `erlang_c`. `within` and
    `handle_time` have one unit.

    >>> round(service_level(14, 10, handle_time=180, within=20), 3)
    0.888
    """
    if a >= c:
        return 0.0
    return 1 - erlang_c(c, a) * exp(-(c - a) * within / handle_time)


def speed_of_answer(c: int, a: float, handle_time: float) -> float:
    """Return the mean wait of all calls, in the unit of the handle time; infinite for a ≥ c.

    C(c, a) AHT / (c - a): the M/M/c queue, as `erlang_c`.

    >>> round(speed_of_answer(14, 10, handle_time=180), 1)
    7.8
    """
    if a >= c:
        return inf
    return erlang_c(c, a) * handle_time / (c - a)
