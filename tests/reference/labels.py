"""Which awkward cases a history contains, and a tally of them over a whole test run."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from stream.events.language import Reason, State
from tests.reference.figures import Reference
from tests.reference.history import History
from tests.reference.lateness import Event, Lateness, floor_of, instant, source_of
from tests.reference.naive import Row

MINUTE_MS = 60_000
HOUR_MS = 3_600_000

CASES = (
    "late_grace", "late_horizon", "late_sealed", "ahead", "sealed_by_slowest", "sealed_by_fastest",
     "out_of_order", "between_rows", "repeat", "equal_time",
    "equal_seq", "equal_state", "team_change", "roster_change", "limit_of_state", "limit_of_shift",
    "silent_source", "silence_ended",
    "minute_edge", "beside_minute_edge", "hour_edge", "shift_edge", "clock_change", "heartbeat",
    "sync", "array", "several_floors", "several_sources", "new_source_late", "month_gap",
    "call_transfer", "call_repeat", "call_conflict", "call_without_offer", "call_open",
    "queue_gauge",
)  # fmt: skip
"""Every case that the run must show."""

TALLY: Counter[str] = Counter()
"""How many histories had each case; "histories" counts them all."""


def cases(history: History) -> set[str]:
    """The cases that a drawn history has."""
    return set(_cases(history))


def count(history: History) -> None:
    """Put a history that was tried into the tally."""
    TALLY.update(cases(history))
    TALLY["histories"] += 1


def shares() -> list[str]:
    """One line a case: the share of histories that had it."""
    total = TALLY["histories"]
    return [f"{case:<20} {TALLY[case]:>6} {TALLY[case] / total:>7.1%}" for case in CASES]


def _cases(history: History) -> Iterator[str]:
    reference = Reference(history.spec, history.roster)
    taken: list[Event] = []
    for event, time in zip(history.events, history.times_ms, strict=True):
        known = set(reference.states.lateness.marks.get(floor_of(event), ()))
        rows = reference.states.rows.get((floor_of(event), event.get("agent", "")), ())
        reason = reference.push(event, time)
        if reference.hours:
            yield _sealed_by(history, reference.states.lateness.marks[floor_of(event)])
            reference.hours.clear()
        if reason is None and event["type"] == "state" and any(r.ts > instant(event) for r in rows):
            yield "between_rows"
        if reason is None:
            taken.append(event)
            if known and source_of(event) not in known and len(taken) > 10:
                yield "new_source_late"
        else:
            yield {Reason.ahead: "ahead"}.get(reason, reason.value)
    yield from ended_silences(history)
    yield from _times(taken, history, reference)
    yield from _kinds(taken, history)
    yield from _rows(reference, history.looks[-1])
    yield from _calls(taken)


def _sealed_by(history: History, marks: Mapping[str, int]) -> str:
    limits = history.spec.windows
    slowest = min(marks.values()) - limits.grace_ms >= max(marks.values()) - limits.seal_ms
    return "sealed_by_slowest" if slowest else "sealed_by_fastest"


def ended_silences(history: History) -> Iterator[str]:
    """A word for each silence that ends with an event, one event after the other."""
    spec = history.spec
    rule, reach = Lateness(spec), 0
    for event, time in zip(history.events, history.times_ms, strict=True):
        floor, source = floor_of(event), source_of(event)
        clock = instant(event) if spec.event_clock else time
        known = (floor, source) in rule.last_seen
        late = rule.silent(floor, source, max(reach, clock)) if known else False
        if rule.admit(event, time) is None:
            reach = max(reach, clock)
            if late:
                yield "silence_ended"


def _times(taken: list[Event], history: History, reference: Reference) -> Iterator[str]:
    times = [instant(event) for event in taken]
    for before, after in pairwise(times):
        if after < before:
            yield "out_of_order"
        if after - before > 20 * 24 * HOUR_MS:
            yield "month_gap"
    for ts in times:
        if ts % MINUTE_MS == 0:
            yield "minute_edge"
        if ts % MINUTE_MS in (1, MINUTE_MS - 1):
            yield "beside_minute_edge"
        if ts % HOUR_MS == 0:
            yield "hour_edge"
        plan = reference.states.plan
        if any(plan.shift_start("north", team, ts) == ts for team in ("red", "blue")):
            yield "shift_edge"
    offsets = {
        datetime.fromtimestamp(ts / 1000, tz=ZoneInfo(history.zone)).utcoffset()
        for ts in (times[0], history.looks[-1])
    }
    if len(offsets) > 1:
        yield "clock_change"


def _kinds(taken: list[Event], history: History) -> Iterator[str]:
    if any(size > 1 for size in history.records):
        yield "array"
    if len({floor_of(event) for event in taken}) > 1:
        yield "several_floors"
    if len({(floor_of(event), source_of(event)) for event in taken}) > 2:
        yield "several_sources"
    seen: list[Event] = []
    for event in taken:
        if event in seen and event["type"] == "state":
            yield "repeat"
        seen.append(event)
        if event["type"] in ("heartbeat", "queue"):
            yield {"heartbeat": "heartbeat", "queue": "queue_gauge"}[event["type"]]
        if event.get("sync"):
            yield "sync"


def _rows(reference: Reference, end: int) -> Iterator[str]:
    states = reference.states
    for (floor, agent), unsorted in states.rows.items():
        rows = sorted(unsorted)
        for row, after in pairwise(rows):
            yield from _pair(row, after)
        teams = states.plan.teams_of(agent)
        if len(teams) > 1 and {row.team.decode() for row in rows} >= teams:
            yield "roster_change"
        ends = [*(row.ts for row in rows[1:]), end]
        for row, until in zip(rows, ends, strict=True):
            state, source, team = State(row.rank), row.source.decode(), row.team.decode()
            if states.plan.latest_credible(floor, team, source, state, row.ts) < until:
                timed = state in (State.ringing, State.acw, State.aux, State.talking)
                yield "limit_of_state" if timed else "limit_of_shift"
        if states.lateness.silent(floor, rows[-1].source.decode(), end):
            yield "silent_source"


def _pair(row: Row, after: Row) -> Iterator[str]:
    if row.team != after.team:
        yield "team_change"
    if row.ts == after.ts:
        yield "equal_time"
        if row.seq != after.seq:
            yield "equal_seq"
        elif row.rank == after.rank:
            yield "equal_state"


def _calls(taken: list[Event]) -> Iterator[str]:
    phases: dict[tuple[str, str, str], list[Event]] = {}
    for event in taken:
        if event["type"] == "call":
            key = (floor_of(event), event["call"], event["phase"])
            phases.setdefault(key, []).append(event)
    for (floor, call, phase), events in phases.items():
        agents = [event.get("agent") for event in events]
        if phase == "answered" and len(set(agents)) > 1:
            yield "call_transfer"
        if any(events.count(event) > 1 for event in events):
            yield "call_repeat"
        if len(agents) > len(set(agents)) and any(event != events[0] for event in events):
            yield "call_conflict"
        if phase == "answered" and (floor, call, "offered") not in phases:
            yield "call_without_offer"
        if phase == "offered" and (floor, call, "answered") not in phases:
            yield "call_open"
