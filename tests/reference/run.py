"""A shard that is fed with a history, and its figures by names, ready to be compared."""

from collections.abc import Mapping, Sequence
from math import isclose, isnan
from typing import Any, Final

from stream.control.model import Transition
from stream.events.decode import decode
from stream.events.language import State
from stream.figures.model import WINDOWS, Figures, Member
from stream.roster import NO_ROSTER, parse_roster
from stream.shard import Shard
from stream.windows.calls.minute_sums import POOL_COUNTS, TEAM_COUNTS
from stream.windows.closing.archive import Hour, encode
from tests.reference.figures import NaiveFigures, RatioFigures, Reference, TeamWindow
from tests.reference.history import History, roster_csv
from tests.reference.hours import NaiveHour, SeatHour
from tests.reference.ledger import PoolCalls

CALLS: Final = ("started", "handled", "short", "talk_ms", "hold_ms", "acw_ms")
POOL_CALLS: Final = ("offered", "answered", "abandoned", "callback_requested", "callback_done")
Lates = list[tuple[int, str]]
"""Record and reason of each event that was late."""


def new_shard(history: History) -> Shard:
    """A shard with the history's specification and roster."""
    if not history.roster:
        return Shard(history.spec, NO_ROSTER)
    return Shard(history.spec, parse_roster(roster_csv(history.roster), "roster.csv"))


def push(shard: Shard, history: History, first: int, last: int) -> Lates:
    """Decode and push the records [first, last) of a history; those that were late."""
    values, times = history.values[first:last], history.record_times[first:last]
    decoded = decode(values, times, shard.names)
    lates = shard.push(decoded.batch)
    return sorted((first + late.record, late.reason.value) for late in lates)


def expected(history: History, reference: Reference, first: int, last: int) -> Lates:
    """The same for the reference; an event ahead of its record is no late one."""
    begin, out = sum(history.records[:first]), []
    for record in range(first, last):
        for place in range(begin, begin + history.records[record]):
            reason = reference.push(history.events[place], history.times_ms[place])
            if reason is not None and reason != "ahead":
                out.append((record, reason.value))
        begin += history.records[record]
    return sorted(out)


def now_of(history: History, shard: Shard, pushed: int) -> int:
    """as_of after so many records: by the event clock, or Kafka's time of the newest one."""
    return shard.watermark_ms if history.spec.event_clock else history.record_times[pushed - 1]


def by_names(shard: Shard) -> dict[str, Any]:
    """All figures of a shard as plain values by names: equal shards give equal ones."""
    figures, tables = shard.figures(), shard.all_members()
    teams: dict[str, Any] = {}
    for row, key in enumerate(figures.teams.keys):
        teams["/".join(key)] = {
            name: getattr(figures.teams, name)[row].tolist()
            for name in figures.teams.__slots__
            if name != "keys"
        } | {
            "seats": {
                member.agent: (member.state, member.since_ms, member.state_ms.tolist())
                for member in tables[key]
            }
        }
    pools = {
        "/".join(key): {
            name: getattr(figures.pools, name)[row].tolist()
            for name in figures.pools.__slots__
            if name != "keys"
        }
        for row, key in enumerate(figures.pools.keys)
    }
    sources = {(one.floor, one.source): (one.watermark_ms, one.silent) for one in figures.sources}
    return {"as_of": figures.as_of_ms, "teams": teams, "pools": pools, "sources": sources}


def differing(first: Any, second: Any, path: str = "") -> list[str]:
    """Where two nested values differ; NaN equals NaN, and an absent row equals one of zeros."""
    if not path and repr(first) == repr(second):
        return []
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        keys = sorted(set(first) | set(second), key=str)
        return [
            line
            for key in keys
            for line in differing(first.get(key), second.get(key), f"{path}/{key}")
        ]
    if isinstance(first, float) and isinstance(second, float) and isnan(first) and isnan(second):
        return []
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return [
            line
            for place, pair in enumerate(zip(first, second, strict=True))
            for line in differing(*pair, f"{path}[{place}]")
        ]
    return [] if first == second else [f"{path}: {first} != {second}"]


def against(naive: NaiveFigures, shard: Shard) -> list[str]:
    """Every difference between the reference and a shard, in words."""
    figures, tables = shard.figures(), shard.all_members()
    row_of = {(key.floor, key.team): row for row, key in enumerate(figures.teams.keys)}
    shown = {
        key
        for key, windows in naive.teams.items()
        if any(any(one.state_ms[: State.offline]) or one.calls.handled for one in windows)
    }
    out = [f"team {key} is missing" for key in sorted(shown - row_of.keys())]
    for (floor, team), row in row_of.items():
        seats = {
            agent: times for (*where, agent), times in naive.seats.items() if where == [floor, team]
        }
        out += _seats(f"{floor}/{team}", seats, tables[figures.teams.keys[row]])
        if (floor, team) in naive.teams:
            heads = naive.heads[floor, team]
            out += _unequal(f"{floor}/{team} heads", heads, figures.teams.heads[row].tolist())
            for w, window in enumerate(naive.teams[floor, team]):
                out += _team(f"{floor}/{team} window {w}", window, figures, row, w)
        elif figures.teams.state_ms[row].any() or figures.teams.heads[row].any():
            out.append(f"team {floor}/{team} should not be there")
    out += _pools(naive.pools, figures)
    return out


def archived(shard: Shard) -> list[bytes]:
    """The hours that were sealed, in an order of their own: floors do not wait for each other."""
    return sorted(encode(hour) for hour in shard.take_sealed())


def hours_against(naive: Sequence[NaiveHour], hours: Sequence[Hour]) -> list[str]:
    """Every difference between the reference's sealed hours and a shard's."""
    wanted = {(one.floor, one.start, one.end): (one.seats, one.pools) for one in naive}
    got = {(one.floor, one.start_ms, one.end_ms): _as_naive(one) for one in hours}
    return differing(wanted, got)


def _as_naive(hour: Hour) -> tuple[dict[Any, SeatHour], dict[str, tuple[int, ...]]]:
    seats: dict[Any, SeatHour] = {}
    for place, seat in enumerate(hour.seats):
        calls = tuple(int(hour.calls[place, TEAM_COUNTS.index(name)]) for name in CALLS)
        seats[seat] = (hour.state_ms[place].tolist(), hour.spells[place].tolist(), calls)
    counts = [hour.pool_calls[:, POOL_COUNTS.index(name)].tolist() for name in POOL_CALLS]
    return seats, dict(zip(hour.pools, zip(*counts, strict=True), strict=True))


def _unequal(where: str, wanted: Any, got: Any) -> list[str]:
    return [] if wanted == got else [f"{where}: expected {wanted}, got {got}"]


def _close(where: str, wanted: float | None, got: float) -> list[str]:
    same = isnan(got) if wanted is None else isclose(wanted, got, rel_tol=1e-9, abs_tol=1e-12)
    return [] if same else [f"{where}: expected {wanted}, got {got}"]


def _seats(team: str, wanted: dict[str, list[list[int]]], table: Sequence[Member]) -> list[str]:
    got = {m.agent: m.state_ms.tolist() for m in table}
    zero = [[0] * len(State)] * len(WINDOWS)
    return [
        line
        for agent in sorted(wanted.keys() | got.keys())
        for line in _unequal(f"seat {team}/{agent}", wanted.get(agent, zero), got.get(agent, zero))
    ]


def _team(where: str, wanted: TeamWindow, figures: Figures, row: int, w: int) -> list[str]:
    teams = figures.teams
    out = _unequal(f"{where} length", wanted.length_ms, int(teams.window_ms[row, w]))
    out += _unequal(f"{where} state_ms", wanted.state_ms, teams.state_ms[row, w].tolist())
    for r, (spec, ratio) in enumerate(zip(figures.ratios, wanted.ratios, strict=True)):
        out += _ratio(f"{where} {spec.name}", ratio, figures, (row, w, r))
    calls = wanted.calls
    for name in ("handled", "short", "talk_ms", "hold_ms", "acw_ms"):
        got = int(getattr(teams, name)[row, w])
        out += _unequal(f"{where} {name}", getattr(calls, name), got)
    return out


def _ratio(
    where: str, wanted: RatioFigures, figures: Figures, at: tuple[int, int, int]
) -> list[str]:
    teams = figures.teams
    out = []
    for name in ("numerator_ms", "denominator_ms", "members"):
        out += _unequal(f"{where} {name}", getattr(wanted, name), int(getattr(teams, name)[at]))
    for name in ("ratio", "mean", "sd", "cv"):
        out += _close(f"{where} {name}", getattr(wanted, name), float(getattr(teams, name)[at]))
    return out


def _pools(wanted: dict[tuple[str, str], list[PoolCalls]], figures: Figures) -> list[str]:
    row_of = {(key.floor, key.pool): row for row, key in enumerate(figures.pools.keys)}
    called = {
        key
        for key, windows in wanted.items()
        if any(one.offered + one.answered + one.abandoned + one.waiting for one in windows)
    }
    out = [f"pool {key} is missing" for key in sorted(called - row_of.keys())]
    for key in wanted.keys() & row_of.keys():
        row, pools = row_of[key], figures.pools
        for w, window in enumerate(wanted[key]):
            where = f"pool {'/'.join(key)} window {w}"
            for name in ("offered", "answered", "abandoned"):
                got = int(getattr(pools, name)[row, w])
                out += _unequal(f"{where} {name}", getattr(window, name), got)
            got_level = float(pools.service_level[row, w])
            out += _close(f"{where} service_level", window.service_level, got_level)
        for name in ("waiting", "oldest_wait_ms"):
            got = int(getattr(pools, name)[row])
            out += _unequal(f"pool {'/'.join(key)} {name}", getattr(wanted[key][0], name), got)
    return out


def transitions_by_names(transitions: Sequence[Transition]) -> list[tuple[Any, ...]]:
    """Transitions without their evidence, in the order in which they were given."""
    return [
        (one.at_ms, one.floor, one.pool, one.team, one.detector, one.before.value, one.to.value,
         one.severity.value, one.notify, one.id)
        for one in transitions
    ]  # fmt: skip
