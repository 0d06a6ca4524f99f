"""Random numbers in blocks, since single draws from a Generator cost more than the events."""

from collections.abc import Callable, Iterator
from math import exp

import numpy as np

_BLOCK = 4096


class Draws:
    """Random times of one floor; the order of calls determines the draws."""

    __slots__ = ("_exponential", "_normal", "_uniform")

    def __init__(self, rng: np.random.Generator) -> None:
        exponential, normal, uniform = rng.spawn(3)
        self._exponential = _blocks(exponential.standard_exponential)
        self._normal = _blocks(normal.standard_normal)
        self._uniform = _blocks(uniform.random)

    def exponential(self, mean: float) -> int:
        """A whole number, exponential with this mean."""
        return round(next(self._exponential) * mean)

    def lognormal(self, mean: float, spread: float) -> int:
        """A whole number, lognormal with this mean; `spread` is the sd of its logarithm."""
        return round(mean * exp(spread * next(self._normal) - spread * spread / 2))

    def uniform(self) -> float:
        """In [0, 1)."""
        return next(self._uniform)


def _blocks(draw: Callable[[int], np.typing.NDArray[np.float64]]) -> Iterator[float]:
    while True:
        yield from draw(_BLOCK).tolist()
