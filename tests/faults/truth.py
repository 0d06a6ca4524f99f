"""The figures that must come out, from the records alone: an independent, plain computation.

Rows of an agent wait until no event can change what lies before them, are sorted, and then added
to minutes; what still waits is clipped when figures are asked for. So nothing that was counted is
ever repaired, which is what the product's windows are about. It shares no code with them but enums
and configuration, and a test holds it against the naive reference, which is slower still. The floor
of two feeds, of which one may go wrong, is computed by the naive reference itself.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from stream.events.language import State
from stream.spec import Spec
from stream.units import HOUR_MS, MINUTE_MS
from tests.faults.calls import Calls, Fields
from tests.faults.lateness import Gap, Lateness
from tests.faults.team_fields import team_fields
from tests.faults.traffic import START_MS, TWO_SOURCES
from tests.faults.wrong_feeds import WrongFeeds
from tests.reference.rules import Rules
from tests.reference.truth import WINDOW_MINUTES

BELIEVED_MS = 25 * MINUTE_MS
"""The traffic knows no longer states than this, but those that have a limit of their own."""
SHIFT_MS = 8 * HOUR_MS
"""Shifts of the audit's configuration start at 0, 8 and 16 o'clock UTC."""
FIRST_MINUTE = START_MS // SHIFT_MS * SHIFT_MS // MINUTE_MS
Piece = tuple[int, int, int]
"""[start, end) in a state."""


@dataclass
class Person:
    """An agent; in this traffic each has one team and one source."""

    team: str
    pool: str
    source: str
    rows: set[tuple[int, int, int]] = field(default_factory=set)
    """Instant, seq and state; those that may still be changed, and the one before them."""
    calls: dict[tuple[int, int, int], str] = field(default_factory=dict)
    """The calls that rows of `ringing` name."""
    first_ms: int | None = None
    """Of the first row; known when no earlier one can come."""
    minutes: npt.NDArray[np.int32] = field(
        default_factory=lambda: np.zeros((64, len(State)), np.int32)
    )
    """(minutes since FIRST_MINUTE, states)"""

    def settle(self, cut_ms: int, limit: Mapping[int, int], gaps: Sequence[Gap]) -> None:
        """Add to minutes what lies between rows before an instant; keep the last of these."""
        rows = sorted(self.rows)
        settled = [row for row in rows if row[0] < cut_ms]
        for row, after in pairwise(settled):
            for chunk in chunks(row, after[0], limit, gaps):
                self._render(chunk)
        if settled:
            self.first_ms = settled[0][0] if self.first_ms is None else self.first_ms
            self.rows.difference_update(settled[:-1])

    def _render(self, chunk: Piece) -> None:
        start, end, state = chunk
        while (len(self.minutes) + FIRST_MINUTE) * MINUTE_MS <= end:
            self.minutes = np.concatenate([self.minutes, np.zeros_like(self.minutes)])
        while start < end:
            minute = start // MINUTE_MS
            until = min(end, (minute + 1) * MINUTE_MS)
            self.minutes[minute - FIRST_MINUTE, state] += until - start
            start = until

    def open_pieces(
        self, as_of_ms: int, limit: Mapping[int, int], gaps: Sequence[Gap]
    ) -> list[Piece]:
        """From the last settled row to an instant."""
        rows = sorted(self.rows)
        found: list[Piece] = []
        for row, after in pairwise(rows):
            found += chunks(row, after[0], limit, gaps)
        return [*found, *chunks(rows[-1], as_of_ms, limit, gaps)]

    def time_in(self, start_ms: int, as_of_ms: int, still: list[Piece]) -> npt.NDArray[np.int64]:
        """(states,): milliseconds in [start, as_of); `still`: what is not settled."""
        first = (start_ms // MINUTE_MS) - FIRST_MINUTE
        found: npt.NDArray[np.int64] = self.minutes[max(first, 0) :].sum(axis=0, dtype=np.int64)
        for start, end, state in still:
            found[state] += max(0, end - max(start, start_ms))
        begun_ms = min(self.rows)[0] if self.first_ms is None else self.first_ms
        if start_ms < begun_ms < as_of_ms:
            found[State.unknown] += begun_ms - start_ms
        return found


def chunks(
    row: tuple[int, int, int], end: int, limit: Mapping[int, int], gaps: Sequence[Gap]
) -> Iterator[Piece]:
    """A row's own state where it is believed, unknown where it is not."""
    start, _, state = row
    believed = start + limit.get(state, BELIEVED_MS)
    mine = [] if state == State.offline else [gap for gap in gaps if gap.start < end > start]
    if state not in limit and end > believed and not mine:
        raise AssertionError(f"{State(state).name} for more than {BELIEVED_MS} ms: what then?")
    edges = {start, end, believed, *(edge for gap in mine for edge in gap[:2])}
    for begins, ends in pairwise(sorted(edge for edge in edges if start <= edge <= end)):
        lost = begins >= believed or any(gap.start <= begins < gap.end for gap in mine)
        yield begins, ends, int(State.unknown) if lost else state


class Truth:
    """One partition: what must be shown of its teams and pools."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._source = Rules(spec).source("any")
        silence = self._source.silence_ms
        self._limit = {int(state): limit_ms for state, limit_ms in (silence or {}).items()}
        self._lateness = Lateness(spec)
        self._people: dict[tuple[str, str], Person] = {}
        self._calls = Calls(spec.windows)
        self._wrong_feeds = WrongFeeds(spec)
        self.refused = 0
        """Events that had no effect: unreadable, or too late."""

    def take(self, value: bytes | None, time_ms: int) -> None:
        """Take in one record."""
        event = readable(value)
        if event is not None and event.get("floor") == TWO_SOURCES:
            self._wrong_feeds.take(event, time_ms)
        elif event is None or self._lateness.admit(event, time_ms) is not None:
            self.refused += 1
        elif event["type"] == "call":
            self._calls.add(event)
        elif event["type"] == "state":
            key = (event["floor"], event["agent"])
            person = self._people.setdefault(
                key, Person(event["team"], event.get("pool", "main"), event["source"])
            )
            assert person.team == event["team"], "the truth knows one team for each agent"
            row = event["ts"], event["seq"], int(State[event["state"]])
            person.rows.add(row)
            if "call" in event:
                person.calls[row] = event["call"]

    @property
    def watermark_ms(self) -> int:
        """The greatest watermark of all sources."""
        marks = self._lateness.marks.values()
        own_ms = max((mark for floor in marks for mark in floor.values()), default=0)
        return max(own_ms, self._wrong_feeds.watermark_ms)

    def figures(self, as_of_ms: int) -> dict[tuple[str, str, str], Fields]:
        """Fields that must be shown, by ("team" or "pool", floor, name)."""
        starts = self._starts(as_of_ms)
        tables: dict[tuple[str, str], list[Any]] = defaultdict(list)
        heads: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * len(State))
        phones: dict[tuple[str, str], list[str]] = defaultdict(list)
        gaps_of = cache(partial(self._lateness.gaps, as_of=as_of_ms))
        for (floor, _), person in self._people.items():
            gaps = gaps_of(floor, person.source)
            person.settle(self._settled_ms(floor), self._limit, gaps)
            still = person.open_pieces(as_of_ms, self._limit, gaps)
            tables[floor, person.team].append(
                [person.time_in(start, as_of_ms, still) for start in starts]
            )
            state = self._state_now(person, gaps, as_of_ms)
            heads[floor, person.team][state] += 1
            if state == State.ringing:
                row = max(row for row in person.rows if row[0] <= as_of_ms)
                phones[floor, person.pool].append(person.calls.get(row, ""))
        found: dict[tuple[str, str, str], Fields] = {}
        for key, table in tables.items():
            fields = team_fields(self._spec.ratios, np.array(table), starts, as_of_ms)
            fields |= {f"agents:{state.name}": heads[key][state] for state in State}
            found["team", *key] = fields | self._calls.of_team(key, starts, as_of_ms)
        for key, fields in self._calls.of_pools(
            starts,
            as_of_ms,
            phones,
            lambda floor, source: self._lateness.gaps(floor, source, as_of_ms),
        ):
            found["pool", *key] = fields
        self._calls.forget(as_of_ms)
        return found | self._wrong_feeds.figures(as_of_ms)

    def _starts(self, as_of_ms: int) -> list[int]:
        minute_ms = as_of_ms // MINUTE_MS * MINUTE_MS
        lasts = [minute_ms - minutes * MINUTE_MS for minutes in WINDOW_MINUTES]
        return [*lasts, as_of_ms // SHIFT_MS * SHIFT_MS]

    def _settled_ms(self, floor: str) -> int:
        """Before it nothing changes; a gap is filled by events of up to three heartbeats later."""
        marks, windows = self._lateness.marks[floor].values(), self._spec.windows
        cut_ms = max(min(marks) - windows.grace_ms, max(marks) - windows.horizon_ms)
        return cut_ms - 3 * (self._source.heartbeat_ms or 0)

    def _state_now(self, person: Person, gaps: Sequence[Gap], as_of_ms: int) -> int:
        row = max(row for row in person.rows if row[0] <= as_of_ms)
        *_, (_, _, state) = chunks(row, as_of_ms + 1, self._limit, gaps)
        return state


def readable(value: bytes | None) -> dict[str, Any] | None:
    """The event in a record of this traffic; None for what was put in to be refused."""
    try:
        event: dict[str, Any] = orjson.loads(value or b"")
        known = {"state": "agent", "call": "phase", "heartbeat": "source", "snapshot": "agents"}
        event[known[event["type"]]]
        if event["type"] == "state":
            State[event["state"]]
    except (ValueError, KeyError, TypeError):
        return None
    return event
