"""What a history shows when it is fed to the reference, and a tally of it over a test run."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from stream.events.language import State
from tests.reference.edges import EDGES, edges
from tests.reference.history import History
from tests.reference.records import instant, source_of
from tests.reference.rules import DAY
from tests.reference.truth import Truth

KINDS = (
    "days", "steps",
    "gap", "filled_gap", "day_old_gap", "lost_feed", "buffered_feed", "dead_feed", "snapshot",
    "named_unknown", "ended_by_snapshot", "retired", "came_back", "limit_of_state", "end_of_day",
    "leaver", "dst", "held", "confirmed", "refused_jump", "out", "wrong_year", "fast_clock",
    "late", "sealed", "append_time", "rules_change", "calendar_change", "equal_times", "sync",
    "several_sources_a_row",
    "plain_call", "abandoned_call", "transfer", "return", "re_queue", "call_back", "open_call",
    "contradiction", "id_again", "resend", "ringing", "ringing_call_named", "gauge", "nobody_knows",
    "stale", "late_heartbeat", "shifts", "hold", "pool_untold",
    *EDGES,
)  # fmt: skip
"""Every kind that a run must show."""

TALLY: Counter[str] = Counter()
"""How many histories had each kind; "histories" counts them all."""


def fed(history: History) -> Truth:
    """The reference after all records of a history."""
    truth = Truth(history.rules)
    changes = dict(history.changes)
    for number, record in enumerate(history.records):
        if number in changes:
            truth.change(changes[number])
        truth.push(record)
    return truth


def count(history: History) -> None:
    """Put a history that was tried into the tally."""
    TALLY.update(set(kinds(history, fed(history))))
    TALLY["histories"] += 1


def shares() -> list[str]:
    """One line a kind: the share of histories that had it."""
    total = TALLY["histories"]
    return [f"{kind:<24} {TALLY[kind]:>6} {TALLY[kind] / total:>7.1%}" for kind in KINDS]


def kinds(history: History, truth: Truth) -> Iterator[str]:
    """All kinds that a history has; truth: the reference that it was fed to."""
    yield from (kind for kind, number in history.kinds.items() if number)
    yield from _of_time(history, truth)
    yield from _of_admission(history, truth)
    yield from _of_rows(history, truth)
    yield from _of_figures(history, truth)
    yield from _of_events(history)
    yield from edges(history, truth)


def _of_time(history: History, truth: Truth) -> Iterator[str]:
    end = history.looks[-1]
    for (floor, source), found in truth.sightings.of.items():
        for gap in truth.sightings.gaps(truth.rules, floor, source, end):
            yield "gap"
            if min(gap.end, end) > gap.gone:
                yield "day_old_gap"
        dates = sorted(found.dates)
        if dates[0] < found.first_heartbeat:
            yield "late_heartbeat"
        if any(y - x > DAY for x, y in pairwise(dates)):
            yield "came_back"
    for marks in truth.admission.floors.values():
        if any(marks.retired(source) for source in marks.sources.values()):
            yield "retired"
    if history.rules.spec.shifts:
        yield "shifts"
    zone = ZoneInfo(history.rules.pool("main", "main").zone)
    ends = (history.records[0].events[0], history.records[-1].events[-1])
    shown = [datetime.fromtimestamp(instant(event) / 1000, tz=zone) for event in ends]
    if shown[0].utcoffset() != shown[1].utcoffset():
        yield "dst"


def _of_admission(history: History, truth: Truth) -> Iterator[str]:
    admission = truth.admission
    if truth.hours:
        yield "sealed"
    if history.records[0].appended:
        yield "append_time"
    if admission.jumps:
        yield "held"
    if admission.confirmed:
        yield "confirmed"
    if any(source.out for floor in admission.floors.values() for source in floor.sources.values()):
        yield "out"
    for refused in admission.refused:
        yield "refused_jump" if refused.reason == "ahead" else "late"
    latest: dict[str, int] = {}
    for record in history.records:
        for event in record.events:
            limit = history.rules.three_heartbeats(source_of(event))
            last = latest.get(source_of(event), instant(event))
            if limit is not None and last - instant(event) > limit:
                yield "filled_gap"
            latest[source_of(event)] = max(last, instant(event))


def _of_rows(history: History, truth: Truth) -> Iterator[str]:
    end = history.looks[-1]
    for floor in truth.lines.floors():
        for agent in truth.lines.agents(floor):
            rows = truth.lines.rows(floor, agent)
            if len({row.source for row in rows}) > 1:
                yield "several_sources_a_row"
            made = [row for row in rows if row not in truth.lines.told(floor, agent)]
            for row in made:
                yield "named_unknown" if row.state == State.unknown else "ended_by_snapshot"
            for row, until in zip(rows, [*(row.ts for row in rows[1:]), end], strict=True):
                if not row.no_sync and row not in made:
                    yield "sync"
                if until == row.ts:
                    yield "equal_times"
                if row.limit < until:
                    timed = row.state in (State.ringing, State.acw, State.aux, State.talking)
                    yield "limit_of_state" if timed else "end_of_day"
                if row.limit + DAY < until:
                    yield "leaver"


def _of_figures(history: History, truth: Truth) -> Iterator[str]:
    for look in history.looks:
        figures = truth.figures(look)
        if figures.odd["repeat"]:
            yield "resend"
        if any(figures.stale.values()):
            yield "stale"
        if any(queue.waiting is None for queue in figures.queues.values()):
            yield "nobody_knows"


def _of_events(history: History) -> Iterator[str]:
    for event in history.events:
        if event["type"] == "queue":
            yield "gauge"
        if event["type"] == "call" and "pool" not in event:
            yield "pool_untold"
        if "hold_s" in event:
            yield "hold"
        if event.get("state") == "ringing":
            yield "ringing_call_named" if "call" in event else "ringing"
