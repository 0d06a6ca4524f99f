"""Which sources report a pool's calls: while none of them is heard, nobody knows the queue."""

import numpy as np

from stream.arrays import ColumnStore, column, union, without
from stream.events.language import I64, Bool
from stream.windows.source_gaps import silent_or_retired_ms
from stream.windows.sources import Sources

ANYBODY = -1
"""A source that is always heard: of a pool that was stored before its sources were."""


class CallSources(ColumnStore):
    """The sources that reported calls of each pool."""

    _latest: I64 = column(np.int64, ANYBODY, per="pools")
    """The last one of each pool that was added."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs = np.zeros((2, 0), np.int64)
        """(2, N): pool and source, in order."""

    def fill(self, pairs: I64 | None, has_data: Bool) -> None:
        """Restore the pairs; None: a version without them stored only of which pools it had data.

        has_data: by pool.
        """
        pools = np.flatnonzero(has_data)
        self.replace(np.stack([pools, np.full_like(pools, ANYBODY)]) if pairs is None else pairs)

    def add(self, pool: I64, source: I64) -> None:
        """Add the pool and the source of each of some facts of calls, (N,) both."""
        other = np.flatnonzero(self._latest[pool] != source)
        if len(other):
            self._latest[pool[other]] = source[other]
            self.replace(np.concatenate([self.pairs, [pool[other], source[other]]], axis=1))

    def replace(self, pairs: I64) -> None:
        """Hold these pairs, (2, N); a source that is known takes the place of `ANYBODY`."""
        pairs = np.unique(pairs, axis=1)
        known = np.unique(pairs[0, pairs[1] != ANYBODY])
        self.pairs = pairs[:, (pairs[1] != ANYBODY) | ~np.isin(pairs[0], known)]

    def are_heard(self, sources: Sources, t_ms: int, pools: int) -> Bool:
        """(pools,): whether some source of each pool is heard at an instant."""
        silent, start_ms, end_ms = silences_until(sources, t_ms + 1)
        silent = silent[(start_ms <= t_ms) & (t_ms < end_ms)]
        pool, source = self.pairs
        found = np.zeros(pools, np.bool_)
        found[pool[~np.isin(source, silent)]] = True
        return found

    def known_spans(
        self, sources: Sources, pool: int, from_ms: int, until_ms: int
    ) -> tuple[I64, I64]:
        """Starts and ends of [from_ms, until_ms) in which some source of a pool is heard."""
        mine = self.pairs[1, self.pairs[0] == pool]
        source, start_ms, end_ms = silences_until(sources, until_ms)
        of_mine = np.isin(source, mine)
        place, start_ms, end_ms = union(
            np.searchsorted(mine, source[of_mine]), start_ms[of_mine], end_ms[of_mine]
        )
        every = np.arange(len(mine))
        _, start_ms, end_ms = without(
            every,
            np.full_like(every, from_ms),
            np.full_like(every, until_ms),
            place,
            np.clip(start_ms, from_ms, until_ms),
            np.clip(end_ms, from_ms, until_ms),
        )
        _, start_ms, end_ms = union(np.zeros_like(start_ms), start_ms, end_ms)
        return start_ms, end_ms


def silences_until(sources: Sources, until_ms: int) -> tuple[I64, I64, I64]:
    """When sources were silent or retired before an instant: source, start, end; may overlap.

    Of the silences that are over only those since `Sources.drop_silences`. At the last instant none
    of them lasts, also where the clock of another source had run ahead of that instant.
    """
    from_ms = silent_or_retired_ms(sources)
    still = np.flatnonzero(from_ms < until_ms)
    source, start_ms, end_ms = sources.silences
    return (
        np.concatenate([source, still]),
        np.concatenate([start_ms, from_ms[still]]),
        np.concatenate([np.minimum(end_ms, until_ms - 1), np.full(len(still), until_ms)]),
    )
