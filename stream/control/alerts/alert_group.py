"""People alerts of one team or pool over the instants of a feed: share and collective.

Everything that these detectors look at is constant between instants that are known beforehand
(changes, edges of peaks and holds, openings of the gate) or follow from the episode (the end of
the dwell before it clears). So a group is judged at those instants alone, each once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from stream.calendar.hours import ShiftEdges
from stream.control.alerts import lifecycle
from stream.control.alerts.gate import Gate
from stream.control.detectors import share
from stream.control.detectors.collective import Entry, EntryRun, find_run
from stream.control.episode import AlertStep, Episode
from stream.control.head_counts import unpack
from stream.control.limits import SMALLEST, SPAN_MAX_MS, Limits
from stream.control.model import Severity, Verdict
from stream.control.step_function import StepFunction
from stream.units import NEVER_MS

SHARE: Final = "share"
COLLECTIVE: Final = "collective"


@dataclass(frozen=True, slots=True)
class GroupInput:
    """A team, or a pool, and what its people alerts depend on in [from_ms, until_ms)."""

    from_ms: int
    until_ms: int
    heads: StepFunction
    """Packed counts `stream.control.head_counts.TEAM`."""
    away: StepFunction
    """Heads in aux and in the entry states: what has to go down before an alert clears."""
    stale: StepFunction
    edges: ShiftEdges
    """When its people alerts are held; never for a pool, whose teams' entries are left out."""
    jumps: Sequence[int]
    """Instants at which n jumped, the last one before from_ms too."""
    has_share: bool
    entries: Sequence[Entry]
    """In order known."""
    counts: Callable[[Entry, int], bool]
    """Whether an entry counts at an instant."""
    resolution_ms: int
    gate: Gate
    name: Callable[[str, int], str]
    """The id of an alert by detector and onset."""


@dataclass(frozen=True, slots=True)
class GroupFinding:
    """A step in an alert's life and what was found at its instant."""

    at_ms: int
    step: AlertStep
    k: int
    n: int
    unknown: int
    run: EntryRun | None
    joins: str
    """The id under which the sinks know this episode; empty: not at all, or by this very alert."""


@dataclass(frozen=True, slots=True)
class GroupResult:
    """What judging a group came to."""

    episode: Episode
    found: Sequence[GroupFinding]
    raised: Sequence[tuple[int, int]]
    """When anything was raised: [start, end), a past or future bound being ∓NEVER_MS."""
    next_wakeup_ms: int
    """When it may change without events; NEVER_MS: it does not."""


def is_held(group: GroupInput, t_ms: int) -> bool:
    """Whether people alerts are held at a shift edge."""
    return group.edges.held(t_ms)


def jump_hold_ms(group: GroupInput, t_ms: int) -> int:
    """Until when share is held because n jumped; at most t_ms if it is not."""
    place = bisect_right(group.jumps, t_ms)
    return group.jumps[place - 1] + share.JUMP_HOLD_MS if place else t_ms


def judge(group: GroupInput, episode: Episode, limits: Limits) -> GroupResult:
    """Judge each instant of [from_ms, until_ms) at which anything may change."""
    found: list[GroupFinding] = []
    raised = [(-NEVER_MS, episode.cleared_ms)] if episode.cleared_ms > -NEVER_MS else []
    instants = _instants(group)
    place = 0
    while True:
        planned = instants[place] if place < len(instants) else NEVER_MS
        t_ms = min(planned, max(episode.clear_ms, group.from_ms))
        if t_ms >= group.until_ms:
            break
        place += planned == t_ms
        was = episode.raised
        episode, now = _judge_instant(group, episode, t_ms, limits)
        found += now
        if episode.raised and not was:
            raised.append((t_ms, NEVER_MS))
        elif any(f.step.to == Verdict.in_control for f in now):
            raised[-1] = (raised[-1][0], t_ms)
    return GroupResult(episode, found, raised, _next_wakeup_ms(group, episode, limits))


def _instants(group: GroupInput) -> list[int]:
    """All instants at which something changes, or may."""
    known: set[int] = {group.from_ms}
    for step_function in (group.heads, group.away, group.stale):
        known.update(step_function.at_ms[1:])
    known.update(entry.at_ms for entry in group.entries)
    known.update(jump + share.JUMP_HOLD_MS for jump in group.jumps)
    known.update(group.edges.bounds(group.from_ms, group.until_ms))
    known.update(group.gate.openings(group.from_ms, group.until_ms))
    return sorted(t for t in known if group.from_ms <= t < group.until_ms)


def _judge_instant(
    group: GroupInput, episode: Episode, t_ms: int, limits: Limits
) -> tuple[Episode, list[GroupFinding]]:
    n, k, unknown = unpack(group.heads.at(t_ms))
    stale = bool(group.stale.at(t_ms))
    blind = stale or share.is_blind(n, unknown)
    alarms: dict[str, bool] = {}
    run: EntryRun | None = None
    if n >= SMALLEST and not stale and not is_held(group, t_ms):
        if group.has_share and not blind and jump_hold_ms(group, t_ms) <= t_ms:
            level = share.level(k, n, limits)
            if level is not None:
                alarms[SHARE] = level
        run = _run_at(group, t_ms, n, limits)
        if run is not None:
            alarms[COLLECTIVE] = True
    calm = not blind and group.away.at(t_ms) <= limits.clear[n]
    before = episode
    episode, steps = lifecycle.advance(
        episode,
        t_ms,
        alarms,
        calm=calm,
        severity_for=partial(_severity_for, group, t_ms),
        name=lambda detector: group.name(detector, t_ms),
    )
    return episode, [
        GroupFinding(t_ms, step, k, n, unknown, run, _joins(before, episode, step))
        for step in steps
    ]


def _run_at(group: GroupInput, t_ms: int, n: int, limits: Limits) -> EntryRun | None:
    """The run of entries that becomes known at this instant, if any."""
    last = bisect_right(group.entries, t_ms, key=lambda entry: entry.at_ms)
    if not last or group.entries[last - 1].at_ms != t_ms:
        return None
    # What was known earlier had begun earlier still, and no longer counts.
    first = bisect_left(group.entries, t_ms - SPAN_MAX_MS, key=lambda entry: entry.at_ms)
    entries = [entry for entry in group.entries[first:last] if group.counts(entry, t_ms)]
    return find_run(entries, t_ms, limits.spans(n, group.resolution_ms))


def _severity_for(group: GroupInput, t_ms: int, page_limit: bool) -> Severity:  # noqa: FBT001
    return lifecycle.severity_for(
        page_limit=page_limit,
        in_peak=group.gate.peak.contains(t_ms),
        gate_open=group.gate.is_open(t_ms),
    )


def _joins(before: Episode, after: Episode, step: AlertStep) -> str:
    """The alert under which the sinks were told of this episode, if it is another one."""
    if step.notify:
        return ""
    for episode in (after, before):
        told = [a for a in episode.alerts.values() if a.told is not None and a.told == episode.told]
        if told:
            return "" if told[0].id == step.alert.id else told[0].id
    return ""


def _next_wakeup_ms(group: GroupInput, episode: Episode, limits: Limits) -> int:
    """The first instant from until_ms on at which anything may change without events."""
    now_ms = group.until_ms
    due = [episode.clear_ms]
    if episode.raised and any(
        a.severity == Severity.digest or (a.page_limit and a.severity == Severity.nudge)
        for a in episode.alerts.values()
    ):
        due.append(group.gate.peak.next_start(now_ms - 1))
    n, k, unknown = unpack(group.heads.at(now_ms))
    if group.has_share and share.level(k, n, limits) is not None:
        hold_ms = jump_hold_ms(group, now_ms - 1)
        if hold_ms >= now_ms:
            due.append(hold_ms)
        if is_held(group, now_ms - 1) and not share.is_blind(n, unknown):
            due.append(group.edges.next_bound(now_ms - 1))
    return min(max(t, now_ms) for t in due) if due else NEVER_MS
