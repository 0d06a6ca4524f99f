"""The formats of recorded data that `floorwatch replay` reads. A new one is a file and a row here.

A reader is a pure function from the lines of files to a `Recording`: events in our own language
(`stream.events.language`), each with the file and line it came from. What an author must know:

- Events may be in any order; a replay sorts them by `ts`. Rows of equal time keep the order of the
  file; set `seq` where another is known.
- A row that cannot be read is rejected with a reason and does not end the run
  (`RecordingBuilder.reject`). Ids are checked with `stream.events.fields.identifier`.
- A team is named only where the format names one; else the roster decides.

CONTRIBUTING.md ("Read another recorded format") has a whole reader: more need not be read to write
one. Help and error messages name the formats from here. A reader is imported when it reads, so that
help is fast.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from stream.sources.recording import InputFile, Recording


@dataclass(frozen=True, slots=True)
class RecordedFormat:
    """A format by the name that users give it."""

    name: str
    holds: str
    """What a file of it holds, for a message."""
    read: "Callable[[Sequence[InputFile], tzinfo | None], Recording]"
    """All events of some files. The zone is the one that was given; None: none was."""
    needs_zone: bool
    """Whether its clocks show local time and say no offset."""
    has_heartbeats: bool
    """False: a log of what happened. A gap in it is nobody's silence, and states do not expire."""


def _read_events(files: "Sequence[InputFile]", _zone: tzinfo | None) -> "Recording":
    from stream.sources import events

    return events.read(files)


def _read_bank(files: "Sequence[InputFile]", zone: tzinfo | None) -> "Recording":
    from stream.sources import anonymous_bank

    assert zone is not None, "needs_zone"
    return anonymous_bank.read(files, zone)


FORMATS: Final = {
    one.name: one
    for one in (
        RecordedFormat(
            "events",
            "our own events, a JSON object or an array of them a line",
            _read_events,
            needs_zone=False,
            has_heartbeats=True,
        ),
        RecordedFormat(
            "anonymous-bank",
            "the call log of the Anonymous Bank, a call a line",
            _read_bank,
            needs_zone=True,
            has_heartbeats=False,
        ),
    )
}
"""By name."""
