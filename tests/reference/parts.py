"""What the engine and the reference say at an instant, part by part: each difference, in words."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from math import isclose, isnan
from typing import Any, Final

from stream.control.evaluation.verdict import VERDICT
from stream.control.model import Verdict
from stream.events.language import STAFFED, State
from stream.figures.model import WINDOWS
from stream.windows.calls.minute_sums import POOL_COUNTS, TEAM_COUNTS
from tests.reference.engine import Engine
from tests.reference.queues import Queue
from tests.reference.ratios import Ratio, ratio_of
from tests.reference.truth import Figures, Truth

TEAM_CALLS: Final = ("started", "handled", "short", "talk_ms", "hold_ms", "acw_ms")
POOL_CALLS: Final = {
    "offered": "offered",
    "answered": "answered",
    "abandoned": "abandoned",
    "callback_requested": "call_backs_promised",
    "callback_done": "call_backs_done",
}
"""Figures of pools by the reference's names."""
Lines = Iterator[str]
Read = Callable[[], Figures]
"""What the reference says at the instant."""


def _refused(truth: Truth, _: Read, engine: Engine) -> Lines:
    wanted = Counter((one.place[0], one.reason.value) for one in truth.admission.refused)
    yield from _differing("refused", wanted, engine.refused, 0)


def _states(truth: Truth, read: Read, engine: Engine) -> Lines:
    figures, tables = read(), engine.shard.all_members()
    seats = {
        (team.floor, team.team, member.agent): member.state_ms.tolist()
        for team, members in tables.items()
        for member in members
    }
    yield from _differing("seat", figures.seats, seats, [[0] * len(State)] * len(WINDOWS))
    teams = engine.shard.figures().teams
    heads = {(k.floor, k.team): teams.heads[row].tolist() for row, k in enumerate(teams.keys)}
    for floor, team in sorted(figures.heads.keys() - heads.keys()):
        if truth.shown(figures, floor, team):
            yield f"team {floor}/{team} is not shown"
    # A team of which nothing counts is not shown, whoever is offline in it.
    there = {key: own for key, own in figures.heads.items() if key in heads or any(own[:-1])}
    yield from _differing("heads", there, heads, [0] * len(State))
    told = {
        (hour.floor, hour.start, seat): sums[:2]
        for hour in truth.hours
        for seat, sums in hour.seats.items()
        if any(sums[0][state] for state in STAFFED)
    }
    sealed = {
        (hour.floor, hour.start_ms, seat): (times.tolist(), spells.tolist())
        for hour in engine.hours
        for seat, times, spells in zip(hour.seats, hour.state_ms, hour.spells, strict=True)
        if times[list(STAFFED)].any()
    }
    yield from _differing("hour", told, sealed, None)


def _seen(_: Truth, read: Read, engine: Engine) -> Lines:
    """What control sees; it has seen an instant once time is beyond it.

    Until its clock comes to the end of a silence it sees the silence (decision 0014).
    """
    figures, shard = read(), engine.shard
    shard.step(shard.as_of_ms + 1)
    if len(shard.engine.sources.silences[0]):
        return
    seen = shard.watch.heads(shard.engine)
    seen[:, State.unknown] += seen[:, len(State) :].sum(axis=1)
    heads = {
        (key.floor, key.team): own.tolist()
        for key, own in zip(shard.team_keys(), seen[:, : len(State)], strict=True)
    }
    yield from _differing("heads seen", figures.heads, heads, [0] * len(State))
    stale = {
        (view.floor, view.team): view.state == Verdict.stale
        for view in shard.control.views()
        if view.team and view.detector == VERDICT
    }
    yield from _differing("stale", figures.stale, stale, absent=False)


def _ratios(truth: Truth, read: Read, engine: Engine) -> Lines:
    """Lengths of windows, and ratios over the members of those teams that are shown."""
    figures, shown = read(), engine.shard.figures()
    members: dict[tuple[str, str], list[list[list[int]]]] = {}
    for (floor, team, _), windows in figures.seats.items():
        members.setdefault((floor, team), []).append(windows)
    for row, key in enumerate(shown.teams.keys):
        spans = figures.spans.get((key.floor, key.team), [])
        for w, (start, end) in enumerate(spans):
            where, length = f"{'/'.join(key)} window {w}", int(shown.teams.window_ms[row, w])
            if length != end - start:
                yield f"{where}: expected a length of {end - start}, got {length}"
            own = [windows[w] for windows in members.get((key.floor, key.team), [])]
            for r, spec in enumerate(truth.rules.spec.ratios):
                wanted = ratio_of(spec, own, length)
                found = [getattr(shown.teams, name)[row, w, r] for name in Ratio.__annotations__]
                if not all(map(_close, vars(wanted).values(), found)):
                    yield f"{where} {spec.name}: expected {wanted}, got {found}"


def _close(wanted: float | None, found: float) -> bool:
    return isnan(found) if wanted is None else isclose(wanted, found, rel_tol=1e-9, abs_tol=1e-12)


def _calls(truth: Truth, read: Read, engine: Engine) -> Lines:
    figures, teams = read(), engine.shard.figures().teams
    names = TEAM_CALLS[1:]
    wanted = {
        key: [[getattr(one, name) for name in names] for one in windows]
        for key, windows in figures.calls.items()
    }
    found = {
        (key.floor, key.team): [
            [int(getattr(teams, name)[row, w]) for name in names] for w in range(len(WINDOWS))
        ]
        for row, key in enumerate(teams.keys)
    }
    yield from _differing("calls of team", wanted, found, [[0] * len(names)] * len(WINDOWS))
    yield from _calls_of_pools(figures, engine)
    yield from _hours_of_calls(truth, engine)


def _calls_of_pools(figures: Figures, engine: Engine) -> Lines:
    pools = engine.shard.figures().pools
    asked = {
        key: [[getattr(one, name) for name in POOL_CALLS] for one in windows]
        for key, windows in figures.pools.items()
    }
    got = {
        (key.floor, key.pool): [
            [int(getattr(pools, name)[row, w]) for name in POOL_CALLS.values()]
            for w in range(len(WINDOWS))
        ]
        for row, key in enumerate(pools.keys)
    }
    yield from _differing("calls of pool", asked, got, [[0] * len(POOL_CALLS)] * len(WINDOWS))
    for row, key in enumerate(pools.keys):
        for w, one in enumerate(figures.pools.get((key.floor, key.pool), [])):
            level = float(pools.service_level[row, w])
            if not _close(one.service_level, level):
                yield f"service level {key} {w}: expected {one.service_level}, got {level}"
    promised = {key: (one.open, one.overdue) for key, one in figures.callbacks.items()}
    standing = {
        (key.floor, key.pool): (
            int(pools.call_backs_open[row]),
            int(pools.call_backs_overdue[row]),
        )
        for row, key in enumerate(pools.keys)
    }
    yield from _differing("call-backs", promised, standing, (0, 0))


def _hours_of_calls(truth: Truth, engine: Engine) -> Lines:
    columns = [TEAM_COUNTS.index(name) for name in TEAM_CALLS]
    wanted = {
        (hour.floor, hour.start, seat): list(sums[2])
        for hour in truth.hours
        for seat, sums in hour.seats.items()
    }
    found = {
        (hour.floor, hour.start_ms, seat): calls[columns].tolist()
        for hour in engine.hours
        for seat, calls in zip(hour.seats, hour.calls, strict=True)
    }
    yield from _differing("calls of hour", wanted, found, [0] * len(columns))
    places = [POOL_COUNTS.index(name) for name in ("offered", "answered", "in_time", "abandoned")]
    asked = {
        (hour.floor, hour.start, pool): list(sums[: len(places)])
        for hour in truth.hours
        for pool, sums in hour.pools.items()
    }
    got = {
        (hour.floor, hour.start_ms, pool): calls[places].tolist()
        for hour in engine.hours
        for pool, calls in zip(hour.pools, hour.pool_calls, strict=True)
    }
    yield from _differing("pool's hour", asked, got, [0] * len(places))


def _queues(_: Truth, read: Read, engine: Engine) -> Lines:
    pools = engine.shard.figures().pools
    found = {
        (key.floor, key.pool): Queue(
            _number(pools.waiting[row]), _number(pools.oldest_wait_ms[row]), int(pools.ringing[row])
        )
        for row, key in enumerate(pools.keys)
    }
    # A pool of which nothing counts is not shown, also if its queue is known to be empty.
    wanted = {k: one for k, one in read().queues.items() if one.waiting or k in found}
    yield from _differing("queue", wanted, found, Queue(None, None, 0))


def _number(value: float) -> int | None:
    return None if isnan(value) else int(value)


PARTS: Final[Mapping[str, Callable[[Truth, Read, Engine], Lines]]] = {
    "refused": _refused,
    "states": _states,
    "ratios": _ratios,
    "calls": _calls,
    "queues": _queues,
    "seen": _seen,  # it moves time on
}


def _differing(
    what: str, wanted: Mapping[Any, Any], found: Mapping[Any, Any], absent: object
) -> Lines:
    """One line for each key whose values differ; absent: the value of a key that is not there."""
    for key in sorted({*wanted, *found}, key=str):
        expected, got = wanted.get(key, absent), found.get(key, absent)
        if expected != got:
            yield f"{what} {key}: expected {expected}, got {got}"
