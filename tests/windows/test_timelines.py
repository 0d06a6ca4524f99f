import numpy as np
import pytest

from stream.windows.timeline import Rows, Timelines, no_rows

AGENTS = 200


def numbered(count: int, first: int) -> Rows:
    rows = no_rows(count)
    rows.seq[:] = np.arange(first, first + count)
    return rows


@pytest.mark.parametrize("seed", range(5))
def test_each_agent_keeps_its_own_rows_however_runs_grow_shrink_and_move(seed: int) -> None:
    rng = np.random.default_rng(seed)
    timelines, held = Timelines(), [np.zeros(0, np.int64)] * AGENTS
    timelines.resize(agents=AGENTS)
    written = 0
    for most in range(2, 400):  # they grow all the time, so that runs move and room is reclaimed
        agents = rng.permutation(AGENTS)[: rng.integers(1, AGENTS // 2)]
        sizes = rng.integers(most // 2, rng.choice([most, 2 * most]), len(agents))
        rows = numbered(int(sizes.sum()), written)
        written += len(rows)
        timelines.replace(agents, sizes, rows)
        runs = np.split(rows.seq, np.cumsum(sizes)[:-1])
        for agent, run in zip(agents.tolist(), runs, strict=True):
            held[agent] = run
        found, size = timelines.of(np.arange(AGENTS))
        assert size.tolist() == list(map(len, held))
        assert np.array_equal(found.seq, np.concatenate(held))
