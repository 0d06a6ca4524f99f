"""A sealed hour of a floor, as reports and calibration need it, and its bytes.

The bytes are a function of the hour alone: a header of 12 bytes (a mark, the format, the length of
the body), then the body, compressed; zlib adds the checksum. The body is a JSON object, then
columns of integers. Each integer of a column has as many bytes as the greatest one needs, and all
lowest bytes precede all next ones, since equal bytes beside each other compress to almost nothing.
"""

import struct
import zlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import orjson

from stream.errors import StateError
from stream.events.language import I64, State
from stream.windows.calls.minute_sums import POOL_COUNTS, TEAM_COUNTS

FORMAT: Final = 1
"""Increased with every change of what the bytes mean."""
_MARK: Final = b"hour"
_HEAD: Final = struct.Struct("<4sII")
_LEVEL: Final = 6
_STATES: Final = tuple(state.name for state in State)
_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "team": ("",),
    "state_ms": _STATES,
    "spells": _STATES,
    "calls": TEAM_COUNTS,
    "pool_calls": POOL_COUNTS,
}
"""The columns of each table, under their stored names."""


@dataclass(frozen=True, slots=True)
class Hour:
    """The sums of a floor in [start_ms, end_ms).

    S seats, P pools, in the order of their names. Seats that were not staffed and had no call are
    left out. An agent's time in the hour before the first row of all is `unknown`.
    """

    floor: str
    start_ms: int
    end_ms: int
    watermarks_ms: tuple[tuple[str, int], ...]
    """Sources and their watermarks when the hour was sealed."""
    seats: tuple[tuple[str, str, str], ...]
    """(pool, team, agent)"""
    state_ms: I64
    """(S, STATE_COUNT)"""
    spells: I64
    """(S, STATE_COUNT): how many spells began (`stream.windows.spells`)."""
    calls: I64
    """(S, len(TEAM_COUNTS)): values of `minute_sums.TEAM_COUNTS`."""
    pools: tuple[str, ...]
    pool_calls: I64
    """(P, len(POOL_COUNTS)): values of `minute_sums.POOL_COUNTS`."""


def encode(hour: Hour) -> bytes:
    """Encode an hour as bytes."""
    teams = sorted({seat[:2] for seat in hour.seats})
    number = {team: place for place, team in enumerate(teams)}
    team_of_seat = np.array([number[seat[:2]] for seat in hour.seats], np.int64)
    tables = {
        "team": team_of_seat[:, None],
        "state_ms": hour.state_ms,
        "spells": hour.spells,
        "calls": hour.calls,
        "pool_calls": hour.pool_calls,
    }
    columns = [
        (table, name, *_planes(tables[table][:, place]))
        for table, names in _COLUMNS.items()
        for place, name in enumerate(names)
    ]
    about = orjson.dumps(
        {
            "floor": hour.floor,
            "start_ms": hour.start_ms,
            "end_ms": hour.end_ms,
            "watermarks_ms": hour.watermarks_ms,
            "teams": teams,
            "agents": [agent for *_, agent in hour.seats],
            "pools": hour.pools,
            "columns": [[table, name, width] for table, name, width, _ in columns if width],
        }
    )
    body = b"".join([len(about).to_bytes(4, "little"), about, *(part for *_, part in columns)])
    return _HEAD.pack(_MARK, FORMAT, len(body)) + zlib.compress(body, _LEVEL)


def _planes(column: I64) -> tuple[int, bytes]:
    """The width of a column in bytes, and its bytes, the lowest first."""
    low = column.astype("<i8").view(np.uint8).reshape(-1, 8).T
    width = 8 if (column < 0).any() else (int(column.max(initial=0)).bit_length() + 7) // 8
    return width, low[:width].tobytes()


def decode(blob: bytes) -> Hour:
    """Decode an hour from its bytes.

    Raises:
        StateError: the bytes have another format, or are damaged.
    """
    try:
        mark, known, size = _HEAD.unpack_from(blob)
    except struct.error as error:
        raise _damaged(error) from error
    if mark != _MARK or known != FORMAT:
        msg = f"an archived hour of format {known}, this version reads {FORMAT}"
        raise StateError(msg if mark == _MARK else "this is no archived hour")
    try:
        body = zlib.decompress(memoryview(blob)[_HEAD.size :])
    except zlib.error as error:
        raise _damaged(error) from error
    if len(body) != size:
        raise _damaged(f"{len(body)} bytes in place of {size}")
    return _read(body)


def _damaged(why: object) -> StateError:
    return StateError(f"an archived hour is damaged ({why}); remove its key")


def _read(body: bytes) -> Hour:
    size = int.from_bytes(body[:4], "little")
    about: dict[str, Any] = orjson.loads(body[4 : 4 + size])
    rest = memoryview(body)[4 + size :]
    seats, pools = len(about["agents"]), len(about["pools"])
    tables = {
        table: np.zeros((pools if table == "pool_calls" else seats, len(names)), np.int64)
        for table, names in _COLUMNS.items()
    }
    for table, name, width in about["columns"]:
        count = len(tables[table])
        column = np.zeros((count, 8), np.uint8)
        column[:, :width] = np.frombuffer(rest[: width * count], np.uint8).reshape(width, count).T
        tables[table][:, _COLUMNS[table].index(name)] = column.view("<i8")[:, 0]
        rest = rest[width * count :]
    teams = [tuple(about["teams"][team]) for team in tables.pop("team")[:, 0].tolist()]
    return Hour(
        about["floor"],
        about["start_ms"],
        about["end_ms"],
        tuple((source, at_ms) for source, at_ms in about["watermarks_ms"]),
        tuple((*team, agent) for team, agent in zip(teams, about["agents"], strict=True)),
        pools=tuple(about["pools"]),
        **tables,
    )
