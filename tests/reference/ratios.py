"""Ratios of teams: fractions of sums over members."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

from stream.spec import RatioSpec


@dataclass(frozen=True)
class Ratio:
    """One ratio of one team in one window; None where it is not defined."""

    numerator_ms: int = 0
    denominator_ms: int = 0
    members: int = 0
    ratio: float | None = None
    mean: float | None = None
    sd: float | None = None
    cv: float | None = None


def ratio_of(spec: RatioSpec, members: Sequence[Sequence[int]], length_ms: int) -> Ratio:
    """A ratio of a team from the milliseconds per state of each member."""
    if not any(map(any, members)):
        return Ratio()
    parts = [sum(ms[state] for state in spec.numerator) for ms in members]
    wholes = [sum(ms[state] for state in spec.denominator) for ms in members]
    shares = [
        Fraction(part, whole)
        for part, whole in zip(parts, wholes, strict=True)
        if whole > 0 and 4 * whole >= length_ms
    ]
    n, mean, sd, cv = len(shares), None, None, None
    if n:
        mean = sum(shares, Fraction()) / n
    if mean is not None and n >= 2:
        sd = sqrt(sum(((share - mean) ** 2 for share in shares), Fraction()) / (n - 1))
    if mean and sd is not None and n >= 3:
        cv = sd / float(mean)
    ratio = float(Fraction(sum(parts), sum(wholes))) if sum(wholes) else None
    return Ratio(sum(parts), sum(wholes), n, ratio, None if mean is None else float(mean), sd, cv)
