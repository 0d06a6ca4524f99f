"""Records as they lie in a partition or a file, and the order that events of equal times get."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

Event = Mapping[str, Any]


class Record(NamedTuple):
    """Some events with the time stamp of their record."""

    events: tuple[Event, ...]
    stamp: int | None = None
    """Kafka's time stamp; None in a file that is read in the order of time."""
    appended: bool = False
    """Whether the broker gave the stamp (LogAppendTime)."""


def instant(event: Event) -> int:
    """Epoch milliseconds of an event."""
    ts = event["ts"]
    return ts if isinstance(ts, int) else round(datetime.fromisoformat(ts).timestamp() * 1000)


def floor_of(event: Event) -> str:
    return str(event.get("floor", "main"))


def source_of(event: Event) -> str:
    return str(event.get("source", floor_of(event)))


def milliseconds(event: Event, name: str) -> int | None:
    seconds = event.get(name)
    return None if seconds is None else round(seconds * 1000)


def ranked(events: Iterable[Event]) -> list[Event]:
    """The events of one record or file; state rows without `seq` get their rank as one.

    The rank is that among the different rows of one agent, source and time.
    """
    rows: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    out: list[Event] = []
    for one in events:
        event = one
        if event["type"] == "state" and event.get("seq") is None:
            key = (floor_of(event), event["agent"], source_of(event), instant(event))
            row = (event["state"], event.get("team"), bool(event.get("sync")))
            seen = rows.setdefault(key, [])
            if row not in seen:
                seen.append(row)
            event = {**one, "seq": seen.index(row)}
        out.append(event)
    return out


def file_of(events: Sequence[Event]) -> list[Record]:
    """A file that is read in the order of time: equal times keep the file's order."""
    return [Record((event,)) for event in sorted(ranked(events), key=instant)]


def arrivals(events: Sequence[Event]) -> list[Record]:
    """One record an event in order of arrival, `received` (else `ts`) as its stamp."""
    return [Record((event,), event.get("received", instant(event))) for event in ranked(events)]
