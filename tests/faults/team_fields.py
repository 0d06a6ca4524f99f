"""The fields of a team's view that follow from its members' time in states."""

import numpy as np
import numpy.typing as npt

from stream.events.language import State
from stream.figures.model import WINDOWS
from stream.spec import RatioSpec
from tests.faults.calls import Fields


def team_fields(
    ratios: tuple[RatioSpec, ...],
    table: npt.NDArray[np.int64],
    starts: list[int],
    as_of_ms: int,
) -> Fields:
    """Sums and ratios of a team; table: (members, windows, states)."""
    found: Fields = {}
    for w, (name, start_ms) in enumerate(zip(WINDOWS, starts, strict=True)):
        length_ms = as_of_ms - start_ms
        found[f"window_s:{name}"] = length_ms / 1_000
        sums = table[:, w].sum(axis=0)
        found |= {f"seconds:{s.name}:{name}": float(sums[s]) / 1_000 for s in State}
        for ratio in ratios:
            part = table[:, w, sorted(ratio.numerator)].sum(axis=1)
            whole = table[:, w, sorted(ratio.denominator)].sum(axis=1)
            if whole.sum():
                found[f"{ratio.name}:{name}"] = float(part.sum() / whole.sum())
            fit = (whole > 0) & (4 * whole >= length_ms)
            found |= spread(f"{ratio.name}", name, part[fit] / whole[fit])
    return found


def spread(ratio: str, window: str, shares: npt.NDArray[np.float64]) -> Fields:
    """Members, mean, standard deviation and CV as views name them."""
    found: Fields = {f"{ratio}_members:{window}": len(shares)}
    if len(shares):
        found[f"{ratio}_mean:{window}"] = float(shares.mean())
    if len(shares) > 1:
        found[f"{ratio}_sd:{window}"] = float(shares.std(ddof=1))
    if len(shares) > 2 and shares.mean():
        found[f"{ratio}_cv:{window}"] = float(shares.std(ddof=1) / shares.mean())
    return found
