"""Packed counts: heads that are exempt are taken from one count, as time goes."""

import numpy as np
import pytest

from stream.control.head_counts import (
    CountDeltas,
    HeadCounts,
    StepFunction,
    count_series,
    less_exempt,
    unpack,
)
from stream.units import NEVER_MS

K = 1 << 21


@pytest.mark.parametrize("seed", range(20))
def test_at_each_instant_the_count_is_less_by_what_is_exempt_and_never_below_zero(
    seed: int,
) -> None:
    random = np.random.default_rng(seed)
    teams, instants = 4, 40
    at_ms = np.sort(random.integers(0, 20, instants))
    group = random.integers(0, teams, instants)
    deltas = CountDeltas(group, at_ms, random.integers(1, 3, instants) + K)
    base = random.integers(0, 5, teams) + K * random.integers(0, 5, teams)
    exempt = {
        team: StepFunction([-NEVER_MS, 5, 11], random.integers(0, 9, 3).tolist())
        for team in random.choice(teams, 2, replace=False).tolist()
    }

    lessened, start = less_exempt(deltas, base, exempt, 1)

    plain = HeadCounts(base, deltas, count_series(deltas, base))
    found = HeadCounts(start, lessened, count_series(lessened, start))
    for team in range(teams):
        before, after = plain.step_function(team), found.step_function(team)
        for t_ms in range(-1, 21):
            n, k, unknown = unpack(before.at(t_ms))
            taken = exempt[team].at(t_ms) if team in exempt else 0
            assert unpack(after.at(t_ms)) == (n, max(0, k - taken), unknown)
