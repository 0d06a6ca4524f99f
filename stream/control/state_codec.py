"""The control state as bytes: JSON by names, since numbers are private to one life of a shard.

Instants are written relative to the end of the last feed, so that they are short; what is empty is
left out; teams and pools are in order of their names, so that the same past gives the same bytes.

Workers of two versions share a site while it is upgraded, so an older one must be able to read what
this one writes. What it knows is written as it knows it: alerts, cover and the gate by position.
What is new is written by name, and a reader ignores names that it does not know: a new field or a
new detector needs no new format (`stream.control.state_fields`, decision 0021). CONTRIBUTING.md
("Keep state over a fail-over") says where a new one goes.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson

from stream.control.alerts.gate import MEMORY_MS
from stream.control.alerts.suppression import Jumps
from stream.control.control_state import ControlState
from stream.control.detectors import registry
from stream.control.detectors.protocol import AlertGroup, Detector
from stream.control.detectors.registry import Detectors
from stream.control.episode import Episode
from stream.control.model import Scope, Severity
from stream.control.state_fields import (
    JsonRecord,
    instant,
    read_alert,
    read_state,
    since,
    write_alert,
    write_state,
)
from stream.errors import StateError, UnreadableStateError
from stream.ids import PoolKey, TeamKey
from stream.units import NEVER_MS

FORMAT: Final = 1
"""Raised when an older version could not read what is written: see decision 0021 first."""
READS: Final = (FORMAT,)
"""Formats that this version reads. An older one is stored anew, in FORMAT."""
_EPISODE: Final = "episode"
Groups = Sequence[tuple[AlertGroup, Detectors]]


def dump(carried: ControlState, agent_names: Sequence[str]) -> bytes:
    """The control state. `agent_names` are those of the last feed."""
    entries = _entries(carried, agent_names)
    groups = {scope: registry.groups_of(scope) for scope in Scope}
    teams = dict(carried.pending_teams)
    for number, key in enumerate(carried.teams):
        record = _team(carried, number, groups[Scope.team]) | entries.get(number, {})
        if record:
            teams[key] = record
    pools = dict(carried.pending_pools)
    for number, pool in enumerate(carried.pools):
        pools[pool] = _pool(carried, number, groups[Scope.pool])
    return orjson.dumps(
        {
            "format": FORMAT,
            "judged_ms": carried.judged_ms,
            "due_ms": since(carried.next_deadline(), carried.judged_ms),
            "teams": [[*key, teams[key]] for key in sorted(teams)],
            "pools": [[*key, pools[key]] for key in sorted(pools)],
        }
    )


def load(state: bytes) -> ControlState:
    """The control state of bytes that `dump` gave.

    Raises:
        StateError: of another format.
        UnreadableStateError: no such bytes.
    """
    try:
        found = orjson.loads(state)
        if found["format"] not in READS:
            msg = f"control state of format {found['format']}; this version reads {FORMAT}: rebuild"
            raise StateError(msg)
        carried = ControlState()
        carried.judged_ms = found["judged_ms"]
        carried.restored_wakeup_ms = instant(found["due_ms"], carried.judged_ms, NEVER_MS)
        carried.pending_teams = {TeamKey(*key): record for *key, record in found["teams"]}
        carried.pending_pools = {PoolKey(*key): record for *key, record in found["pools"]}
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableStateError(f"its control state cannot be read ({error})") from error
    return carried


def adopt(carried: ControlState, teams: Iterable[int], pools: Iterable[int]) -> None:
    """Give restored state to teams and pools that have just got their numbers."""
    for number in teams:
        record = carried.pending_teams.pop(carried.teams[number], None)
        if record is not None:
            _adopt_team(carried, number, record)
    for number in pools:
        record = carried.pending_pools.pop(carried.pools[number], None)
        if record is not None:
            _adopt_pool(carried, number, record)


# ---------------------------------------------------------------------------------------- teams


def _entries(carried: ControlState, agent_names: Sequence[str]) -> dict[int, JsonRecord]:
    """By team: [known, entered, agent] of each entry that may still count."""
    found: dict[int, JsonRecord] = {}
    for entry in carried.named(carried.entries, agent_names):
        rows = found.setdefault(entry.team, {"entries": []})["entries"]
        rows.append(
            [entry.at_ms - carried.judged_ms, entry.entry_ms - carried.judged_ms, entry.agent]
        )
    return found


def _team(carried: ControlState, number: int, groups: Groups) -> JsonRecord:
    judged_ms = carried.judged_ms
    record: JsonRecord = {}
    if carried.amber_ms[number] < NEVER_MS:
        record["amber"] = int(carried.amber_ms[number]) - judged_ms
    jumps = carried.jumps.get(number)
    if jumps is not None:
        record["jumps"] = [
            jumps.until_ms - judged_ms,
            [[t - judged_ms, n] for t, n in jumps.low],
            [[t - judged_ms, n] for t, n in jumps.high],
        ]
    return record | _groups(carried, Scope.team, number, groups)


def _adopt_team(carried: ControlState, number: int, record: JsonRecord) -> None:
    judged_ms = carried.judged_ms
    carried.amber_ms[number] = instant(record.get("amber"), judged_ms, NEVER_MS)
    if "jumps" in record:
        until, low, high = record["jumps"]
        carried.jumps[number] = Jumps(
            [(t + judged_ms, n) for t, n in low],
            [(t + judged_ms, n) for t, n in high],
            until + judged_ms,
        )
    _adopt_groups(carried, Scope.team, number, record)
    carried.insert_restored(
        (at + judged_ms, entered + judged_ms, agent, number)
        for at, entered, agent in record.get("entries", ())
    )


# ---------------------------------------------------------------------------------------- pools


def _pool(carried: ControlState, number: int, groups: Groups) -> JsonRecord:
    judged_ms = carried.judged_ms
    columns = (carried.free_since_ms, carried.known_ms, carried.free_end_ms, carried.wait_end_ms)
    free, known, *ends = (since(int(column[number]), judged_ms) for column in columns)
    ends = [end if end is not None and end > -MEMORY_MS else None for end in ends]
    return {"gate": [free, known, *ends]} | _groups(carried, Scope.pool, number, groups)


def _adopt_pool(carried: ControlState, number: int, record: JsonRecord) -> None:
    judged_ms = carried.judged_ms
    free, known, free_end, wait_end = record["gate"]
    carried.free_since_ms[number] = instant(free, judged_ms, NEVER_MS)
    carried.free_end_ms[number] = instant(free_end, judged_ms, -NEVER_MS)
    carried.wait_end_ms[number] = instant(wait_end, judged_ms, -NEVER_MS)
    carried.known_ms[number] = instant(known, judged_ms, NEVER_MS)
    _adopt_groups(carried, Scope.pool, number, record)


# ------------------------------------------------------------------- alert groups and detectors


def _is_own(group: AlertGroup, detectors: Detectors) -> bool:
    """Whether a detector has its group for itself: its episode is stored with its state."""
    return [detector.name for detector in detectors] == [group.name]


def _groups(carried: ControlState, scope: Scope, number: int, groups: Groups) -> JsonRecord:
    """By name: the episodes of groups, shared ones first, and the states of detectors."""
    state, judged_ms = carried.scopes[scope], carried.judged_ms
    shared: JsonRecord = {}
    own: JsonRecord = {}
    for group, detectors in groups:
        stored = _episode(state.episode(group, number), judged_ms)
        is_own = _is_own(group, detectors)
        if stored is not None and not is_own:
            shared[group.name] = stored
        for detector in detectors:
            found = _detector(carried, scope, number, detector, stored if is_own else None)
            if found is not None:
                own[detector.name] = found
    return shared | own


def _adopt_groups(carried: ControlState, scope: Scope, number: int, record: JsonRecord) -> None:
    state, judged_ms = carried.scopes[scope], carried.judged_ms
    for group, detectors in registry.groups_of(scope):
        if group.name in record and not _is_own(group, detectors):
            state.set_episode(group, number, _episode_of(record[group.name], judged_ms))
        for detector in detectors:
            if detector.name not in record:
                continue
            stored = record[detector.name]
            values, episode = stored, None
            if isinstance(stored, list):
                *values, episode = stored
            else:
                episode = stored.get(_EPISODE)
            state.set_state(detector, number, read_state(values, detector.initial, judged_ms))
            if episode is not None:
                state.set_episode(group, number, _episode_of(episode, judged_ms))


def _detector(
    carried: ControlState,
    scope: Scope,
    number: int,
    detector: Detector[Any],
    episode: JsonRecord | None,
) -> list[Any] | JsonRecord | None:
    """A detector's state and the episode that is its own; None: both are as at first.

    By position the episode is the last.
    """
    state = carried.scopes[scope].state(detector, number)
    if state == detector.initial and episode is None:
        return None
    stored: Any = write_state(state, detector.initial, carried.judged_ms)
    if isinstance(stored, list):
        return [*stored, episode]
    return stored if episode is None else {**stored, _EPISODE: episode}


def _episode(episode: Episode, judged_ms: int) -> JsonRecord | None:
    """An episode; None: there is none."""
    if not episode.alerts:
        return None
    return {
        "told": episode.notified_as,
        "calm": since(episode.calm_since_ms, judged_ms),
        "cleared": since(episode.cleared_ms, judged_ms),
        "alerts": {name: write_alert(one, judged_ms) for name, one in episode.alerts.items()},
    }


def _episode_of(record: JsonRecord, judged_ms: int) -> Episode:
    notified_as = record["told"]
    return Episode(
        {name: read_alert(one, judged_ms) for name, one in record["alerts"].items()},
        None if notified_as is None else Severity(notified_as),
        instant(record["calm"], judged_ms, NEVER_MS),
        instant(record["cleared"], judged_ms, NEVER_MS),
    )
