"""What must be shown of the floor of which a feed may go wrong: by the naive reference."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from stream.events.language import State
from stream.figures.model import WINDOWS
from stream.spec import Spec
from tests.faults.calls import Fields
from tests.faults.team_fields import team_fields
from tests.reference.queues import Queue
from tests.reference.records import Record
from tests.reference.rules import Rules
from tests.reference.sums import PoolCalls, SeatCalls
from tests.reference.truth import Figures, Truth


class WrongFeeds:
    """The floor: events in, fields of its views out."""

    def __init__(self, spec: Spec) -> None:
        self._ratios = spec.ratios
        self._truth = Truth(Rules(spec))

    def take(self, event: Mapping[str, Any], time_ms: int) -> None:
        """Take in one event, of a record with this time stamp."""
        self._truth.push(Record((event,), time_ms))

    @property
    def watermark_ms(self) -> int:
        """How far the floor has come; 0 before the first event."""
        return self._truth.watermark

    @property
    def refused(self) -> int:
        """How many events had no effect so far; those on hold may still have one."""
        return len(self._truth.admission.refused)

    def figures(self, as_of_ms: int) -> dict[tuple[str, str, str], Fields]:
        """Fields that must be shown, by ("team" or "pool", floor, name)."""
        figures = self._truth.figures(as_of_ms)
        teams = {("team", *key): self._team(figures, key, as_of_ms) for key in figures.heads}
        return teams | {
            ("pool", *key): pool_fields(calls, figures.queues[key])
            for key, calls in figures.pools.items()
        }

    def _team(self, figures: Figures, key: tuple[str, str], as_of_ms: int) -> Fields:
        times = [seat for (*where, _), seat in figures.seats.items() if tuple(where) == key]
        starts = [start for start, _ in figures.spans[key]]
        found = team_fields(self._ratios, np.array(times), starts, as_of_ms)
        found |= {f"agents:{state.name}": figures.heads[key][state] for state in State}
        for window, calls in zip(WINDOWS, figures.calls[key], strict=True):
            found |= call_fields(window, calls)
        return found


def call_fields(window: str, calls: SeatCalls) -> Fields:
    """Of a team's calls in a window."""
    return {
        f"handled:{window}": calls.handled,
        f"short:{window}": calls.short,
        f"talk_s:{window}": calls.talk_ms / 1_000,
        f"hold_s:{window}": calls.hold_ms / 1_000,
        f"acw_s:{window}": calls.acw_ms / 1_000,
    }


def pool_fields(calls: list[PoolCalls], queue: Queue) -> Fields:
    """Of a pool: its queue, if it is known, and its calls window by window."""
    found: Fields = {}
    if queue.waiting is not None and queue.oldest_ms is not None:
        found = {"waiting": queue.waiting, "oldest_wait_s": queue.oldest_ms / 1_000}
    for window, counts in zip(WINDOWS, calls, strict=True):
        found |= {
            f"offered:{window}": counts.offered,
            f"answered:{window}": counts.answered,
            f"abandoned:{window}": counts.abandoned,
        }
        if counts.service_level is not None:
            found[f"service_level:{window}"] = counts.service_level
    return found
