"""The Anonymous Bank call centre (Technion, Haifa): one row a phone call, tab-separated.

Columns: vru+line, call_id, customer_id, priority, type, date, vru_entry, vru_exit, vru_time,
q_start, q_exit, q_time, outcome, ser_start, ser_exit, ser_time, server. Clock columns are local
and carry no date; `date` is the day of vru_entry. Going on from there, a step back of more than
12 hours means that midnight was crossed; smaller ones are skew between the two machines.

What becomes of a row:

- server known and ser_start != ser_exit: served, whatever `outcome` says. The agent answers at
  ser_start and ends at ser_exit, and is `talking` while the number of such open calls is > 0.
- outcome AGENT otherwise (NO_SERVER, or no service time): answered and ended without an agent.
- outcome HANG with a place in the queue: abandoned at q_exit. Without one the caller left the
  voice menu and was never offered: no event. PHANTOM: no call at all, no event.

A call is offered when it enters the queue, or, without one, when it leaves the voice menu. The
log knows no logins: an agent is `available` between two calls and `offline` after the last one
before a gap of more than 60 minutes.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Final, NamedTuple

import orjson

from stream.events.fields import InvalidEvent, identifier
from stream.sources.local_time import LocalClock
from stream.sources.recording import InputFile, Recording, RecordingBuilder, text_of
from stream.units import MINUTE_MS, SECOND_MS

NAME: Final = "anonymous-bank"
FIELDS: Final = 17
AWAY_MS: Final = 60 * MINUTE_MS
"""An agent whose next call is further away than this has left."""

_NO_CLOCK: Final = "0:00:00"
_DAY_S: Final = 86_400


class RowPlace(NamedTuple):
    """Where a row stands."""

    file: int
    line: int


@dataclass(frozen=True, slots=True)
class Call:
    """A row as a call; instants in milliseconds, -1 where they did not happen."""

    id: str
    agent: str | None
    offered_ms: int
    answered_ms: int
    ended_ms: int
    abandoned_ms: int
    wait_s: int


class _BankEvent(NamedTuple):
    ts_ms: int
    place: RowPlace
    document: dict[str, object]


class _RowError(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def read(files: Sequence[InputFile], zone: tzinfo) -> Recording:
    """All events of some files of this format, in the order of their rows.

    `zone` is the one that the clocks showed. Agents are followed across the files.
    """
    clock = LocalClock(zone)
    calls: list[tuple[RowPlace, Call]] = []
    recording = RecordingBuilder()
    for place, row in _rows(files):
        recording.rows += 1
        try:
            call = read_row(row, clock)
        except _RowError as error:
            recording.reject(*place, error.reason, error.detail, row)
            continue
        if call is not None:
            calls.append((place, call))
    events = [event for place, call in calls for event in _call_events(place, call)]
    events += _state_events(calls)
    for event in sorted(events, key=lambda event: (event.place, event.ts_ms)):
        recording.append(orjson.dumps(event.document), event.ts_ms, *event.place)
    return recording.build()


def _rows(files: Sequence[InputFile]) -> Iterator[tuple[RowPlace, bytes]]:
    for number, file in enumerate(files):
        for line, row in enumerate(file.lines, 1):
            header = line == 1 and row.startswith(b"vru+line\t")
            if not header and row.strip():
                yield RowPlace(number, line), row


def read_row(row: bytes, clock: LocalClock) -> Call | None:
    """The call of a row; None if nobody asked for an agent.

    Raises:
        _RowError: the row is malformed or ends before it starts.
    """
    fields = text_of(row).split("\t")
    if len(fields) != FIELDS:
        raise _RowError("malformed", f"{len(fields)} fields; allowed: {FIELDS}, tab-separated")
    outcome, server = fields[12], fields[16]
    entry_s = _clock_s(fields[6])
    day = _day(fields[5])
    begin_s = _after(_clock_s(fields[13]), entry_s)
    end_s = _after(_clock_s(fields[14]), begin_s)
    talked = fields[13] != fields[14]
    agent = server if talked and server not in ("", "NO_SERVER") else None
    if talked and end_s < begin_s and (agent is not None or outcome == "AGENT"):
        raise _RowError(
            "negative_service", f"ser_exit {fields[14]} lies before ser_start {fields[13]}"
        )
    queued = not fields[9] == fields[10] == _NO_CLOCK
    if agent is None and outcome != "AGENT" and not (outcome == "HANG" and queued):
        return None
    joined_s, left_s = _queue_s(fields, entry_s, queued=queued)
    served = agent is not None or outcome == "AGENT"
    if not talked:
        # Reached an agent, but no service was recorded: it left the queue, and that is all.
        begin_s = end_s = begin_s if fields[13] != _NO_CLOCK else left_s
    at = [min(joined_s, begin_s if served else left_s), begin_s, end_s, left_s]
    offered, answered, ended, left = (clock.epoch_ms(day, second) for second in at)
    if served and ended < answered:
        raise _RowError("negative_service", "the clock change makes the service negative")
    return Call(
        _call_id(fields),
        _agent_id(agent),
        offered,
        answered if served else -1,
        ended if served else -1,
        -1 if served else left,
        left_s - joined_s,
    )


def _queue_s(fields: Sequence[str], entry_s: int, *, queued: bool) -> tuple[int, int]:
    """When a call joined and left the queue; without one the end of the voice menu, twice."""
    if not queued:
        menu_end_s = _after(_clock_s(fields[7]), entry_s)
        return menu_end_s, menu_end_s
    joined_s = _after(_clock_s(fields[9]), entry_s)
    left_s = _after(_clock_s(fields[10]), joined_s)
    if left_s < joined_s:
        raise _RowError("negative_wait", f"q_exit {fields[10]} lies before q_start {fields[9]}")
    return joined_s, left_s


def _after(clock_s: int, before_s: int) -> int:
    """A clock reading on the time line of the one before it: the 12-hour rule of midnight."""
    return clock_s + _DAY_S if clock_s < before_s - _DAY_S // 2 else clock_s


def _clock_s(text: str) -> int:
    parts = text.split(":")
    if len(parts) == 3 and all(part.isascii() and part.isdigit() for part in parts):
        hour, minute, second = map(int, parts)
        if hour < 24 and minute < 60 and second < 60:
            return hour * 3600 + minute * 60 + second
    raise _RowError("bad_time", f"'{text[:40]}'; allowed: H:MM:SS")


def _day(text: str) -> date:
    stripped = text.strip()
    if len(stripped) == 6 and stripped.isascii() and stripped.isdigit():
        try:
            return date(1900 + int(stripped[:2]), int(stripped[2:4]), int(stripped[4:]))
        except ValueError:
            pass
    raise _RowError("bad_time", f"date '{text[:40]}'; allowed: YYMMDD, as 990131")


def _call_id(fields: Sequence[str]) -> str:
    return _valid_id(f"{fields[0]}-{fields[1]}", "call")


def _agent_id(server: str | None) -> str | None:
    return None if server is None else _valid_id(server, "server")


def _valid_id(text: str, name: str) -> str:
    try:
        identifier({name: text}, name)
    except InvalidEvent as refused:
        raise _RowError("bad_id", refused.detail) from None
    return text


def _call_events(place: RowPlace, call: Call) -> Iterator[_BankEvent]:
    yield _event(place, call.offered_ms, "call", call=call.id, phase="offered")
    if call.abandoned_ms >= 0:
        yield _event(
            place, call.abandoned_ms, "call", call=call.id, phase="abandoned", wait_s=call.wait_s
        )
        return
    who = {} if call.agent is None else {"agent": call.agent}
    yield _event(
        place, call.answered_ms, "call", call=call.id, phase="answered", **who, wait_s=call.wait_s
    )
    yield _event(
        place,
        call.ended_ms,
        "call",
        call=call.id,
        phase="ended",
        **who,
        talk_s=(call.ended_ms - call.answered_ms) // SECOND_MS,
    )


def _state_events(calls: Sequence[tuple[RowPlace, Call]]) -> Iterator[_BankEvent]:
    of_agent: dict[str, list[tuple[int, int, RowPlace]]] = defaultdict(list)
    for place, call in calls:
        if call.agent is not None:
            of_agent[call.agent].append((call.answered_ms, call.ended_ms, place))
    for agent, talks in of_agent.items():
        spells = list(_union(sorted(talks)))
        for index, (start_ms, begun, end_ms, ended) in enumerate(spells):
            next_ms = spells[index + 1][0] if index + 1 < len(spells) else None
            away = next_ms is None or next_ms - end_ms > AWAY_MS
            yield _event(begun, start_ms, "state", agent=agent, state="talking")
            yield _event(
                ended, end_ms, "state", agent=agent, state="offline" if away else "available"
            )


def _union(
    talks: Sequence[tuple[int, int, RowPlace]],
) -> Iterator[tuple[int, RowPlace, int, RowPlace]]:
    """Spells in which at least one call is open, with the rows that begin and end them.

    Calls that touch make one spell, so no two states of an agent share an instant.
    """
    start_ms, end_ms, begun = talks[0]
    ended = begun
    for next_start_ms, next_end_ms, place in talks[1:]:
        if next_start_ms > end_ms:
            yield start_ms, begun, end_ms, ended
            start_ms, end_ms, begun, ended = next_start_ms, next_end_ms, place, place
        elif next_end_ms > end_ms:
            end_ms, ended = next_end_ms, place
    yield start_ms, begun, end_ms, ended


def _event(place: RowPlace, ts_ms: int, kind: str, **fields: object) -> _BankEvent:
    return _BankEvent(ts_ms, place, {"type": kind, "ts": ts_ms, "floor": NAME, **fields})
