"""Carried state as bytes: JSON by names, since numbers are private to one life of a shard.

Instants are written relative to the judged one, so that they are short; what is empty is left
out; teams and pools are in order of their names, so that the same past gives the same bytes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, Final

import orjson

from stream.control.alerts.gate import MEMORY_MS
from stream.control.control_state import ControlState
from stream.control.detectors import registry
from stream.control.detectors.protocol import DetectorState, S
from stream.control.detectors.share import Jumps
from stream.control.episode import NO_EPISODE, Alert, Episode
from stream.control.model import Severity
from stream.errors import StateError
from stream.ids import PoolKey, TeamKey
from stream.units import NEVER_MS

FORMAT: Final = 1
JsonRecord = dict[str, Any]


def dump(carried: ControlState, agent_names: Sequence[str]) -> bytes:
    """What is carried. `agent_names` are those of the last feed."""
    entries = _entries(carried, agent_names)
    teams = dict(carried.pending_teams)
    for number, key in enumerate(carried.teams):
        record = _team(carried, number) | entries.get(number, {})
        if record:
            teams[key] = record
    pools = dict(carried.pending_pools)
    for number, pool in enumerate(carried.pools):
        pools[pool] = _pool(carried, number)
    return orjson.dumps(
        {
            "format": FORMAT,
            "judged_ms": carried.judged_ms,
            "due_ms": _since(carried.next_deadline(), carried.judged_ms),
            "teams": [[*key, teams[key]] for key in sorted(teams)],
            "pools": [[*key, pools[key]] for key in sorted(pools)],
        }
    )


def load(state: bytes) -> ControlState:
    """What was carried.

    Raises:
        StateError: no such bytes, or of another format.
    """
    try:
        found = orjson.loads(state)
        if found["format"] != FORMAT:
            msg = f"control state of format {found['format']}; this version reads {FORMAT}: rebuild"
            raise StateError(msg)
        carried = ControlState()
        carried.judged_ms = found["judged_ms"]
        carried.restored_wakeup_ms = _instant(found["due_ms"], carried.judged_ms, NEVER_MS)
        carried.pending_teams = {TeamKey(*key): record for *key, record in found["teams"]}
        carried.pending_pools = {PoolKey(*key): record for *key, record in found["pools"]}
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        msg = f"control state cannot be read ({error}): rebuild it from the events"
        raise StateError(msg) from error
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


def _since(t_ms: int, judged_ms: int) -> int | None:
    return None if abs(t_ms) == NEVER_MS else t_ms - judged_ms


def _instant(since_ms: int | None, judged_ms: int, otherwise_ms: int) -> int:
    return otherwise_ms if since_ms is None else since_ms + judged_ms


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


def _team(carried: ControlState, number: int) -> JsonRecord:
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
    if number in carried.episodes:
        record["people"] = _episode(carried.episodes[number], judged_ms)
    return record | _detectors(carried, number, is_pool=False)


def _adopt_team(carried: ControlState, number: int, record: JsonRecord) -> None:
    judged_ms = carried.judged_ms
    carried.amber_ms[number] = _instant(record.get("amber"), judged_ms, NEVER_MS)
    if "jumps" in record:
        until, low, high = record["jumps"]
        carried.jumps[number] = Jumps(
            [(t + judged_ms, n) for t, n in low],
            [(t + judged_ms, n) for t, n in high],
            until + judged_ms,
        )
    if "people" in record:
        carried.episodes[number] = _episode_of(record["people"], judged_ms)
    _adopt_detectors(carried, number, record, is_pool=False)
    carried.add_old(
        (at + judged_ms, entered + judged_ms, agent, number)
        for at, entered, agent in record.get("entries", ())
    )


def _episode(episode: Episode, judged_ms: int) -> JsonRecord:
    return {
        "told": episode.told,
        "calm": _since(episode.calm_since_ms, judged_ms),
        "cleared": _since(episode.cleared_ms, judged_ms),
        "alerts": {
            detector: [
                alert.id,
                alert.onset_ms - judged_ms,
                alert.page_limit,
                alert.severity,
                alert.told,
                alert.raised,
                alert.since_ms - judged_ms,
            ]
            for detector, alert in episode.alerts.items()
        },
    }


def _episode_of(record: JsonRecord, judged_ms: int) -> Episode:
    alerts = {
        detector: Alert(
            id_, onset + judged_ms, page_limit, Severity(severity), _severity(told), raised,
            since + judged_ms,
        )
        for detector, (id_, onset, page_limit, severity, told, raised, since)
        in record["alerts"].items()
    }  # fmt: skip
    return Episode(
        alerts,
        _severity(record["told"]),
        _instant(record["calm"], judged_ms, NEVER_MS),
        _instant(record["cleared"], judged_ms, NEVER_MS),
    )


def _severity(name: str | None) -> Severity | None:
    return None if name is None else Severity(name)


# ---------------------------------------------------------------------------------------- pools


def _pool(carried: ControlState, number: int) -> JsonRecord:
    judged_ms = carried.judged_ms
    columns = (carried.free_since_ms, carried.known_ms, carried.free_end_ms, carried.wait_end_ms)
    free, known, *ends = (_since(int(column[number]), judged_ms) for column in columns)
    ends = [end if end is not None and end > -MEMORY_MS else None for end in ends]
    record: JsonRecord = {"gate": [free, known, *ends]}
    if number in carried.pool_episodes:
        record["people"] = _episode(carried.pool_episodes[number], judged_ms)
    return record | _detectors(carried, number, is_pool=True)


def _adopt_pool(carried: ControlState, number: int, record: JsonRecord) -> None:
    judged_ms = carried.judged_ms
    free, known, free_end, wait_end = record["gate"]
    carried.free_since_ms[number] = _instant(free, judged_ms, NEVER_MS)
    carried.free_end_ms[number] = _instant(free_end, judged_ms, -NEVER_MS)
    carried.wait_end_ms[number] = _instant(wait_end, judged_ms, -NEVER_MS)
    carried.known_ms[number] = _instant(known, judged_ms, NEVER_MS)
    if "people" in record:
        carried.pool_episodes[number] = _episode_of(record["people"], judged_ms)
    _adopt_detectors(carried, number, record, is_pool=True)


# ------------------------------------------------------------------------------------ detectors


def _detectors(carried: ControlState, number: int, *, is_pool: bool) -> JsonRecord:
    """By detector: what it carries of a pool or team, if that is anything."""
    states = carried.states(is_pool=is_pool)
    found = ((one, states.get(one, number)) for one in registry.of(is_pool=is_pool))
    return {
        one.name: _state(state, one.initial, carried.judged_ms)
        for one, state in found
        if state != one.initial
    }


def _adopt_detectors(
    carried: ControlState, number: int, record: JsonRecord, *, is_pool: bool
) -> None:
    for one in registry.of(is_pool=is_pool):
        if one.name in record:
            state = _state_of(record[one.name], one.initial, carried.judged_ms)
            carried.states(is_pool=is_pool).put(one, number, state)


def _state(state: DetectorState, initial: DetectorState, judged_ms: int) -> list[Any]:
    """A detector's instants in the order of its fields, then its episode; null: as at first."""
    instants = [(getattr(state, name), getattr(initial, name)) for name in _instants(initial)]
    return [
        *(None if now == first else now - judged_ms for now, first in instants),
        _episode(state.episode, judged_ms) if state.episode.alerts else None,
    ]


def _state_of(record: list[Any], initial: S, judged_ms: int) -> S:
    *instants, episode = record
    values: dict[str, Any] = {
        name: _instant(since, judged_ms, getattr(initial, name))
        for name, since in zip(_instants(initial), instants, strict=True)
    }
    values["episode"] = NO_EPISODE if episode is None else _episode_of(episode, judged_ms)
    return type(initial)(**values)


def _instants(state: DetectorState) -> list[str]:
    return [field.name for field in fields(state) if field.name != "episode"]
