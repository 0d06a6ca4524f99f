"""Edges of time, odd orders and odd places that a history touches."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final

from tests.reference.admission import Admission
from tests.reference.history import History, sources_of
from tests.reference.marks import Arrival, Marks
from tests.reference.records import Event, floor_of, instant, source_of
from tests.reference.rules import DAY, HOUR, MINUTE, SECOND
from tests.reference.timelines import Row
from tests.reference.truth import Truth

EDGES: Final = (
    "late_grace", "late_horizon", "late_sealed", "ahead_of_its_record", "sealed_by_slowest",
    "sealed_by_fastest", "grace_edge", "horizon_edge", "seal_edge", "silence_ended",
    "new_source_late", "out_of_order", "between_rows", "repeat", "month_gap",
    "minute_edge", "beside_minute_edge", "hour_edge", "shift_edge", "equal_seq", "equal_state",
    "team_change", "team_by_roster", "call_repeat", "call_conflict", "call_without_offer",
    "array", "file", "heartbeat", "several_floors", "several_sources", "default_source",
    "odd_characters", "whole_seconds", "text_time",
)  # fmt: skip
"""Every edge that a run must show."""


def edges(history: History, truth: Truth) -> Iterator[str]:
    """All edges of a history; truth: the reference that it was fed to."""
    counted: list[Arrival] = []
    yield from _of_admission(history, counted)
    yield from _of_instants(history, [one.ts for one in counted])
    yield from _of_silences(history, counted)
    yield from _of_events([one.event for one in counted])
    yield from _of_places(history)
    for floor in truth.lines.floors():
        for agent in truth.lines.agents(floor):
            for row, after in pairwise(truth.lines.rows(floor, agent)):
                yield from _of_rows(row, after)


def _of_admission(history: History, counted: list[Arrival]) -> Iterator[str]:
    sealed: list[str] = []
    admission = Admission(history.rules, counted.append, lambda one, *_: sealed.append(_floor(one)))
    changes = dict(history.changes)
    for number, record in enumerate(history.records):
        admission.rules = changes.get(number, admission.rules)
        known = sources_of(one.event for one in counted)
        for event in record.events:
            if len(counted) > 10 and (floor_of(event), source_of(event)) not in known:
                yield "new_source_late"
            marks = admission.floors.get(floor_of(event))
            if marks is not None and marks.greatest is not None:
                yield from _of_limits(history, marks, event)
        admission.push(record)
        for floor in sealed:
            yield _sealed_by(history, admission.floors[floor])
        sealed.clear()
    for refused in admission.refused:
        record = history.records[refused.place[0]]
        ts, own = instant(record.events[refused.place[1]]), record.stamp
        if refused.reason != "ahead":
            yield refused.reason.value
        elif own is not None and ts > own + 5 * SECOND:
            yield "ahead_of_its_record"


def _floor(one: Arrival) -> str:
    return floor_of(one.event)


def _of_limits(history: History, marks: Marks, event: Event) -> Iterator[str]:
    """Whether an event is just at a limit of what is late."""
    limits, ts = history.rules.spec.windows, instant(event)
    assert marks.greatest is not None
    if source_of(event) in marks.sources:
        own = marks.start(marks.source(source_of(event)), ts)
        if abs(ts - own + limits.grace_ms) <= 1:
            yield "grace_edge"
    if abs(ts - marks.greatest + limits.horizon_ms) <= 1:
        yield "horizon_edge"
    if marks.sealed is not None and abs(ts - marks.sealed) <= 1:
        yield "seal_edge"


def _sealed_by(history: History, marks: Marks) -> str:
    limits = history.rules.spec.windows
    assert marks.greatest is not None
    slowest = min(marks.active()) - limits.grace_ms >= marks.greatest - limits.seal_ms
    return "sealed_by_slowest" if slowest else "sealed_by_fastest"


def _of_silences(history: History, counted: list[Arrival]) -> Iterator[str]:
    """A silence that ends with an event: by the same clock that says who is silent."""
    last: dict[tuple[str, str], int] = {}
    beats: set[tuple[str, str]] = set()
    for one in counted:
        key = floor_of(one.event), source_of(one.event)
        by_events = history.rules.spec.event_clock or one.stamp is None
        now = one.ts if by_events or one.stamp is None else one.stamp
        limit = history.rules.three_heartbeats(key[1])
        if limit is not None and key in beats and now > last[key] + limit:
            yield "silence_ended"
        last[key] = max(now, last.get(key, now))
        if one.event["type"] == "heartbeat":
            beats.add(key)


def _of_instants(history: History, instants: list[int]) -> Iterator[str]:
    for before, after in pairwise(instants):
        if after < before:
            yield "out_of_order"
        if after - before > 20 * DAY:
            yield "month_gap"
    for ts in instants:
        if ts % MINUTE == 0:
            yield "minute_edge"
        if ts % MINUTE in (1, MINUTE - 1):
            yield "beside_minute_edge"
        if ts % HOUR == 0:
            yield "hour_edge"
        if any(history.rules.shift_start("north", team, ts) == ts for team in ("red", "blue")):
            yield "shift_edge"


def _of_events(counted: list[Event]) -> Iterator[str]:
    offered = {_call(event) for event in counted if event.get("phase") == "offered"}
    rows: dict[tuple[str, str], int] = {}
    seen: list[Event] = []
    facts: dict[tuple[object, ...], Event] = {}
    for event in counted:
        if event["type"] == "state":
            who = floor_of(event), event["agent"]
            if instant(event) < rows.get(who, 0):
                yield "between_rows"
            rows[who] = max(instant(event), rows.get(who, 0))
            if event in seen:
                yield "repeat"
            seen.append(event)
            if "team" not in event:
                yield "team_by_roster"
        elif event["type"] == "call":
            key = *_call(event), event["phase"], event.get("agent")
            if key in facts:
                yield "call_repeat" if facts[key] == event else "call_conflict"
            facts[key] = event
            if event["phase"] == "answered" and _call(event) not in offered:
                yield "call_without_offer"
        elif event["type"] == "heartbeat":
            yield "heartbeat"


def _call(event: Event) -> tuple[str, str]:
    return floor_of(event), event["call"]


def _of_places(history: History) -> Iterator[str]:
    events, sources = history.events, sources_of(history.events)
    tests: Mapping[str, bool] = {
        "array": any(len(record.events) > 1 for record in history.records),
        "file": history.records[0].stamp is None,
        "several_floors": len({floor for floor, _ in sources}) > 1,
        "several_sources": len(sources) > 2,
        "default_source": any("source" not in event for event in events),
        "odd_characters": any(not event.get("agent", "").isascii() for event in events),
        "whole_seconds": any(one.resolution_ms >= SECOND for one in history.rules.spec.sources),
        "text_time": any(isinstance(event["ts"], str) for event in events),
    }
    yield from (name for name, holds in tests.items() if holds)


def _of_rows(row: Row, after: Row) -> Iterator[str]:
    if row.team != after.team:
        yield "team_change"
    if row.ts == after.ts and row.seq != after.seq:
        yield "equal_seq"
    if row.ts == after.ts and row.seq == after.seq and row.rank == after.rank:
        yield "equal_state"
