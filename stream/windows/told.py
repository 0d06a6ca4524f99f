"""What was told of calls that are over: a memory against repeats, 8 bytes a fact.

A call is retired when all that it counts for is known and no older event can still be admitted.
A repeat of one of its facts may come later all the same, with another time stamp; its key is
found here, and since of two facts of one key the earlier counts, the later is passed over.
"""

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from stream.events.language import I32, I64, Bool

U64 = npt.NDArray[np.uint64]

_RUNS_MOST = 8
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Run:
    """Facts in columns of one length."""

    hashes: U64
    floor: I32
    newest_ms: I64

    def take(self, at: I64 | Bool) -> "Run":
        """The facts at the given places."""
        return Run(self.hashes[at], self.floor[at], self.newest_ms[at])

    def sorted(self) -> "Run":
        """The facts by hash."""
        return self.take(np.argsort(self.hashes, kind="stable"))


def call_hashes(calls: list[tuple[int, str]]) -> U64:
    """A number for each (floor, call); two share one by 2^-64 chance."""
    digest = {
        key: blake2b(f"{key[0]}/{key[1]}".encode(), digest_size=8).digest() for key in set(calls)
    }
    return np.frombuffer(b"".join(map(digest.__getitem__, calls)), np.uint64)


def fact_hashes(call: U64, phase: I64, agent: I64) -> U64:
    """A number for each fact of calls that are given by their numbers."""
    who = ((agent.astype(np.uint64) + np.uint64(2)) << np.uint64(3)) | phase.astype(np.uint64)
    mixed = (call ^ who) * _MIX
    hashed: U64 = mixed ^ (mixed >> np.uint64(29))
    return hashed


class Told:
    """Hashes of facts in sorted runs, with floor and time of the call that they belong to."""

    def __init__(self) -> None:
        self.runs: list[Run] = []

    def add(self, run: Run) -> None:
        """Remember facts."""
        if len(run.hashes):
            self.runs.append(run.sorted())
            if len(self.runs) > _RUNS_MOST:
                self._merge()

    def holds(self, hashes: U64) -> Bool:
        """Which of the facts are remembered."""
        found = np.zeros(len(hashes), np.bool_)
        for run in self.runs:
            place = np.minimum(np.searchsorted(run.hashes, hashes), len(run.hashes) - 1)
            found |= run.hashes[place] == hashes
        return found

    def forget(self, before_ms: I64) -> None:
        """Drop what lies before the given instant of its floor (floors,)."""
        kept = [run.take(run.newest_ms >= before_ms[run.floor]) for run in self.runs]
        self.runs = [run for run in kept if len(run.hashes)]

    def _merge(self) -> None:
        """The smaller runs into one, so that both their number and the cost stay small."""
        self.runs.sort(key=lambda run: len(run.hashes))
        few = _RUNS_MOST // 2 + 1
        small, self.runs = self.runs[:few], self.runs[few:]
        columns = [(run.hashes, run.floor, run.newest_ms) for run in small]
        self.runs.append(Run(*map(np.concatenate, zip(*columns, strict=True))).sorted())
