"""Held events as a part of a snapshot: what is not confirmed yet outlives a restart."""

from itertools import accumulate, pairwise
from typing import Final

import numpy as np

from stream.events.language import I64, StampType
from stream.units import NEVER_MS
from stream.windows.jumps import HeldEvent, HeldEvents, HeldRecord, HeldSource, SourceKey
from stream.windows.packing import Pieces

PART: Final = "jumps"
"""The name of the part, of which a snapshot without held events has none."""


def part_names(jumps: HeldEvents) -> tuple[str, ...]:
    """The names of the parts that there are now."""
    return (PART,) if jumps.floors() else ()


def to_pieces(jumps: HeldEvents) -> Pieces:
    """All that is on hold, under stored names; the records' bytes follow each other."""
    keys = sorted(jumps.holds)
    number_of = {key: number for number, key in enumerate(keys)}
    held = sorted(
        ((number_of[key], one) for key, hold in jumps.holds.items() for one in hold.events),
        key=lambda pair: pair[1].number,
    )
    records = list(dict.fromkeys(one.record for _, one in held))
    place_of = {record: place for place, record in enumerate(records)}
    holds = [jumps.holds[key] for key in keys]
    return {
        "sources": [list(key) for key in keys],
        "out": [list(key) for key in sorted(jumps.out)],
        "holds": _table(
            [(one.needed_ms, one.floor_ms, int(one.is_contradicted)) for one in holds], 3
        ),
        "events": _table(
            [(source, place_of[one.record], one.place, one.ts_ms, one.stamp)
             for source, one in held], 5
        ),
        "records": _table(
            [(one.offset, -NEVER_MS if one.time_ms is None else one.time_ms, one.rank,
              len(one.value)) for one in records], 4
        ),
        "values": np.frombuffer(b"".join(one.value for one in records), np.uint8),
    }  # fmt: skip


def _table(rows: list[tuple[int, ...]], width: int) -> I64:
    """(rows, width)."""
    return np.array(rows, np.int64).reshape(-1, width)


def fill(jumps: HeldEvents, pieces: Pieces) -> None:
    """Restore what was on hold, into a new instance."""
    keys: list[SourceKey] = [(floor, source) for floor, source in pieces["sources"]]
    jumps.out.update((floor, source) for floor, source in pieces["out"])
    for key, (needed_ms, floor_ms, is_contradicted) in zip(
        keys, pieces["holds"].tolist(), strict=True
    ):
        jumps.holds[key] = HeldSource(needed_ms, floor_ms, bool(is_contradicted))
    values, table = pieces["values"].tobytes(), pieces["records"].tolist()
    edges = pairwise(accumulate((length for *_, length in table), initial=0))
    records = [
        HeldRecord(offset, None if time_ms == -NEVER_MS else time_ms, rank, values[start:end])
        for (offset, time_ms, rank, _), (start, end) in zip(table, edges, strict=True)
    ]
    for source, record, place, ts_ms, stamp in pieces["events"].tolist():
        number = jumps.next_number()
        one = HeldEvent(number, records[record], place, ts_ms, StampType(stamp))
        jumps.add(keys[source], one)
