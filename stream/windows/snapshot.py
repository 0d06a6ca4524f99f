"""The engine's state in parts: written for snapshots, and restored from them.

Agents and seats are stored in blocks, so that a snapshot writes only what changed since the last.
"""

from collections.abc import Callable, Mapping

import numpy as np

from stream.arrays import BLOCK_BITS
from stream.errors import StateError, UnreadableStateError
from stream.events.language import I64
from stream.windows import stored_jumps
from stream.windows.calls import stored_calls
from stream.windows.earlier_limits import limits_before_4
from stream.windows.engine import Engine
from stream.windows.gaps import NO_PAUSES, Gaps
from stream.windows.packing import Pieces, pack, unpack
from stream.windows.panes import empty_opened
from stream.windows.stored_states import STATE_NAMES, numbers_of, renumbered
from stream.windows.timeline import COLUMNS, Rows
from stream.windows.timeline_ends import TimelineEnds

FORMAT = 4
"""Raised with every change of what the parts hold. Then tests/formats needs a sample of it, and
docs/operations.md says how workers of both versions get on."""
READS = frozenset({3, FORMAT})
"""Formats that this version restores; state in an older one is stored again as a whole."""


def part_names(engine: Engine) -> tuple[str, ...]:
    """The names of all parts that the state has now."""
    names = engine.names
    agents = range((len(names.agents) - 1 >> BLOCK_BITS) + 1)
    seats = range((len(names.seats) - 1 >> BLOCK_BITS) + 1)
    return (
        "head",
        "names",
        "calls",
        "tallies",
        *(f"agents/{block}" for block in agents),
        *(f"seats/{block}" for block in seats),
        *stored_jumps.part_names(engine.jumps),
    )


def changed_parts(engine: Engine, named: int) -> dict[str, bytes]:
    """The parts that changed since the last call; named: the number of names at that time."""
    parts = {
        "head": pack({"format": FORMAT, **head_of(engine)}),
        "calls": pack(stored_calls.to_pieces(engine.counting.calls)),
        "tallies": pack(tallies_of(engine)),
    }
    if count_names(engine) != named:
        parts["names"] = pack(dict(engine.names.to_lists()))
    for block in sorted(engine.dirty_agents):
        parts[f"agents/{block}"] = pack(agents_of(engine, _block(block, len(engine.names.agents))))
    for block in sorted(engine.dirty_seats):
        parts[f"seats/{block}"] = pack(seats_of(engine, _block(block, len(engine.names.seats))))
    for name in stored_jumps.part_names(engine.jumps):
        parts[name] = pack(stored_jumps.to_pieces(engine.jumps))
    engine.dirty_agents.clear()
    engine.dirty_seats.clear()
    return parts


def count_names(engine: Engine) -> int:
    """A number that grows with every new name."""
    names = engine.names
    return sum(
        len(one) for one in (names.sources, names.pools, names.teams, names.agents, names.seats)
    )


def head_of(engine: Engine) -> Pieces:
    """What is stored of the shard as a whole."""
    seats = len(engine.names.seats)
    return {
        "states": STATE_NAMES,
        "finalised_early": engine.finalised_early,
        "seat_heard": engine.seat_has_data[:seats],
        "pool_heard": engine.counting.pool_has_data[: len(engine.names.pools)],
        "panes_head": engine.panes.head[: len(engine.names.floors)],
        "gauges": engine.gauges.to_lists(),
        "call_sources": engine.call_sources.pairs,
        "rendered": engine.rendered.to_array(),
        "agent_snapshots": engine.snapshots.to_array(),
        "reasons": engine.reasons.to_list(),
        **engine.sources.to_arrays(),
    }


def _block(block: int, size: int) -> I64:
    return np.arange(block << BLOCK_BITS, min((block + 1) << BLOCK_BITS, size))


def agents_of(engine: Engine, at: I64) -> Pieces:
    """What is stored of some agents."""
    rows, size = engine.timelines.of(at)
    return {
        "size": size,
        "base_ms": engine.timelines.base_ms[at],
        **{f"row_{name}": getattr(rows, name) for name in COLUMNS},
        **{name: getattr(engine.agents, name)[at] for name in TimelineEnds.column_names("agents")},
        "named_ms": engine.uses.agent_ms[at],
    }


def seats_of(engine: Engine, at: I64) -> Pieces:
    """What is stored of some seats."""
    panes, hours = engine.panes, engine.hours
    by_hour = () if hours is None else hours.column_names("seats")
    return {
        "head": panes.head[engine.floor_of_seat[at]],
        "minutes": panes.minutes[at],
        "shifts": panes.shifts[at],
        "shift_start_ms": panes.shift_start_ms[at],
        **{f"hour_{name}": getattr(hours, name)[at] for name in by_hour},
        "used_ms": engine.uses.seat_ms[at],
    }


def tallies_of(engine: Engine) -> Pieces:
    """What is stored of teams and pools."""
    pieces: Pieces = {}
    for name, tally, rows in (
        ("team", engine.counting.teams, len(engine.names.teams)),
        ("pool", engine.counting.pools, len(engine.names.pools)),
    ):
        keys = sorted(tally.periods)
        pieces[f"{name}_minutes"] = tally.minutes[:rows]
        pieces[f"{name}_head"] = tally.head[:rows]
        pieces[f"{name}_keys"] = [list(key) for key in keys]
        pieces[f"{name}_sums"] = tally.sums[np.array([tally.periods[key] for key in keys], int)]
    pieces["pool_rows"] = engine.counting.pool_rows[: len(engine.names.pools)]
    pieces["seat_rows"] = engine.counting.seat_rows[: len(engine.names.seats)]
    pieces["pool_used_ms"] = engine.uses.pool_ms[: len(engine.names.pools)]
    if engine.hours is not None:
        pieces["pool_hours"] = engine.hours.pools[: len(engine.names.pools)]
    return pieces


def restore(engine: Engine, parts: Mapping[str, bytes]) -> int:
    """Fill a new engine; returns the number of names that need not be stored again.

    Raises:
        StateError: the parts were written by a version with another format or with a state that
            this one does not know.
        UnreadableStateError: one is missing.
    """
    names = read_part(parts, "names")
    numbers = fill(engine, names, lambda name: read_part(parts, name))
    if stored_jumps.PART in parts:
        stored_jumps.fill(engine.jumps, read_part(parts, stored_jumps.PART))
    if unpack(parts["head"])["format"] != FORMAT:  # a manifest names parts of one format
        return -1
    if numbers is None:  # what was read is stored; what was renumbered is stored again as a whole
        engine.dirty_agents.clear()
        engine.dirty_seats.clear()
    return sum(map(len, names.values()))


def fill(engine: Engine, names: Pieces, read: Callable[[str], Pieces]) -> I64 | None:
    """Fill a new engine with names and what `read` gives as the other parts, but what is on hold.

    Returns the number now of each stored number of a state; None if all are the same.
    """
    head = read("head")
    engine.names.fill(names)
    engine.finalised_early = head.pop("finalised_early")
    numbers = numbers_of(head.pop("states", STATE_NAMES))
    panes_head, pool_heard = head.pop("panes_head"), head.pop("pool_heard")
    seat_heard = head.pop("seat_heard")
    engine.gauges.fill(head.pop("gauges"))
    engine.call_sources.fill(head.pop("call_sources", None), pool_heard)
    engine.rendered = Gaps(*head.pop("rendered", NO_PAUSES))
    engine.snapshots.fill(head.pop("agent_snapshots", np.zeros((3, 0), np.int64)))
    engine.reasons.fill(head.pop("reasons", ()))
    engine.sources.fill(head)
    engine.follow_names()
    engine.seals.restore(engine.sources)
    if engine.hours is not None:
        floors = len(engine.names.floors)
        engine.hours.start_ms[:floors] = engine.seals.sealed_ms[:floors]
        engine.hours.end_ms[:floors] = engine.seals.next_ms[:floors]
    engine.panes.head[: len(panes_head)] = panes_head
    engine.seat_has_data[: len(seat_heard)] = seat_heard
    engine.counting.pool_has_data[: len(pool_heard)] = pool_heard
    for name in part_names(engine):
        kind, _, block = name.partition("/")
        if kind == "agents":
            _restore_agents(engine, int(block), renumbered(read(name), numbers))
        elif kind == "seats":
            _restore_seats(engine, int(block), renumbered(read(name), numbers))
    _restore_tallies(engine, read("tallies"))
    stored_calls.restore(engine.counting.calls, read("calls"))
    return numbers


def read_part(parts: Mapping[str, bytes], name: str) -> Pieces:
    """The content of a part, without its format.

    Raises:
        StateError: it was written by a version with another format.
        UnreadableStateError: it is missing.
    """
    if name not in parts:
        raise UnreadableStateError(f"its snapshot lacks the part '{name}'")
    pieces = unpack(parts[name])
    if pieces.pop("format", FORMAT) not in READS:
        known = ", ".join(str(number) for number in sorted(READS))
        msg = f"the stored state has another format than {known}: run the version that wrote it"
        raise StateError(msg)
    return pieces


def _restore_agents(engine: Engine, block: int, pieces: Pieces) -> None:
    at = _block(block, len(engine.names.agents))[: len(pieces["size"])]
    if "row_limit_ms" not in pieces:
        pieces["row_limit_ms"] = limits_before_4(engine, pieces)
    if "row_call" not in pieces:  # no call of a ringing agent is known
        pieces["row_call"] = np.zeros_like(pieces["row_ts_ms"])
        pieces["last_call"] = np.zeros_like(pieces["last_ms"])
    if "row_reason" not in pieces:
        pieces["row_reason"] = np.zeros_like(pieces["row_ts_ms"])
    rows = Rows(*(pieces[f"row_{name}"] for name in COLUMNS))
    engine.timelines.replace(at, pieces["size"], rows)
    engine.timelines.base_ms[at] = pieces["base_ms"]
    for name in TimelineEnds.column_names("agents"):
        getattr(engine.agents, name)[at] = pieces[name]
    now_ms = engine.sources.greatest_ms[engine.names.agent_floor.data[at]]
    engine.uses.agent_ms[at] = pieces.get("named_ms", now_ms)  # as if used, if it is not known


def _restore_seats(engine: Engine, block: int, pieces: Pieces) -> None:
    """Restore a block; it has the minutes of when it was stored: those opened since are emptied."""
    first = block << BLOCK_BITS
    at, panes = slice(first, first + len(pieces["head"])), engine.panes
    empty_opened(pieces["minutes"], pieces["head"], panes.head[engine.floor_of_seat[at]])
    for name in ("minutes", "shifts", "shift_start_ms"):
        getattr(panes, name)[at] = pieces[name]
    now_ms = engine.sources.greatest_ms[engine.floor_of_seat[at]]
    engine.uses.seat_ms[at] = pieces.get("used_ms", now_ms)
    if (hours := engine.hours) is not None:
        for name in hours.column_names("seats"):
            if (held := pieces.get(f"hour_{name}")) is not None:
                getattr(hours, name)[at] = held


def _restore_tallies(engine: Engine, pieces: Pieces) -> None:
    for name, tally in (("team", engine.counting.teams), ("pool", engine.counting.pools)):
        rows = len(pieces[f"{name}_head"])
        minutes, sums = pieces[f"{name}_minutes"], pieces[f"{name}_sums"]
        tally.minutes[:rows, :, : minutes.shape[-1]] = minutes
        tally.head[:rows] = pieces[f"{name}_head"]
        wide = np.zeros((len(sums), tally.minutes.shape[-1]), np.int64)
        wide[:, : sums.shape[-1]] = sums  # a format before may have had fewer counts
        tally.replace_periods([(row, start) for row, start in pieces[f"{name}_keys"]], wide)
    for name in ("pool_rows", "seat_rows"):  # a format before did not count them
        held = pieces.get(name, ())
        getattr(engine.counting, name)[: len(held)] = held
    rows = len(pieces["pool_head"])
    now_ms = engine.sources.greatest_ms[engine.names.pool_floor.data[:rows]]
    engine.uses.pool_ms[:rows] = pieces.get("pool_used_ms", now_ms)
    if engine.hours is not None and "pool_hours" in pieces:
        held = pieces["pool_hours"]
        engine.hours.pools[: len(held), :, : held.shape[-1]] = held
