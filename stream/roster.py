"""The roster: which team each agent belongs to, and when; effective-dated, read from CSV text."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from stream.cells import text_of_cell
from stream.errors import ConfigurationError
from stream.units import NEVER_MS, parse_instant_ms

UNASSIGNED = "unassigned"
DEFAULT_POOL = "main"
COLUMNS = ("agent", "team", "name", "pool", "zone", "shift", "work_mode", "from", "to")
WORK_MODES = ("", "on_site", "at_home")
_SEPARATORS: Final = (",", ";", "\t")
ID_BYTES_MOST: Final = 128
NOT_IN_IDS: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\ud800-\udfff/"
    r"\u2028\u2029"  # they end a line, in logs and in JavaScript
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # they turn the direction of what follows
    # Invisible: two names that look alike would be two. The joiners U+200C and U+200D belong to
    # words of Persian and Hindi and to emoji, and are allowed.
    r"\u00ad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0001]"
)
"""Characters that a name of a floor, source, pool, team, agent or call must not contain: "/",
control characters (Unicode's Cc, and those of Cf that change how other text is shown)."""


def is_id(text: str) -> bool:
    """Whether a text is a valid name in events, in the roster and in the configuration."""
    return not NOT_IN_IDS.search(text) and 1 <= len(text.encode()) <= ID_BYTES_MOST


@dataclass(frozen=True, slots=True)
class Assignment:
    """An agent belongs to a team in [from_ms, to_ms)."""

    from_ms: int
    to_ms: int
    team: str


@dataclass(frozen=True, slots=True)
class Roster:
    """Assignments by agent, each list sorted by time without overlap, and the pool of each team."""

    assignments: Mapping[str, tuple[Assignment, ...]] = field(default_factory=dict)
    pools: Mapping[str, str] = field(default_factory=dict)
    display_names: Mapping[str, str] = field(default_factory=dict)
    fallback_team: str = UNASSIGNED
    """The team of an agent without a row; a source without teams has its own."""
    fallback_pool: str = DEFAULT_POOL

    def team_at(self, agent: str, ts_ms: int) -> str:
        """The agent's team at an instant."""
        for assignment in self.assignments.get(agent, ()):
            if assignment.from_ms <= ts_ms < assignment.to_ms:
                return assignment.team
        return self.fallback_team

    def is_fixed(self, agent: str) -> bool:
        """Whether the agent's team is the same at all times."""
        lines = self.assignments.get(agent, ())
        return not lines or (
            len(lines) == 1 and lines[0].from_ms == -NEVER_MS and lines[0].to_ms == NEVER_MS
        )

    def pool_of(self, team: str) -> str:
        """The pool of a team."""
        return self.pools.get(team, self.fallback_pool)


NO_ROSTER = Roster()


def parse_roster(text: str, name: str) -> Roster:
    """Read a roster from CSV text with the columns `agent,team` and optionally the others.

    Values are separated by commas, semicolons or tabs, as spreadsheets write them; spaces around
    them do not count, nor do capitals in the names of columns.

    Raises:
        ConfigurationError: the text is invalid; names file, line, value and what is allowed.
    """
    text = text.removeprefix("\ufeff")
    rows = csv.DictReader(io.StringIO(text), delimiter=_separator(text), strict=True)
    try:
        rows.fieldnames = [column.strip().lower() for column in rows.fieldnames or []]
        _check_header(rows.fieldnames, name)
        return _build([(rows.line_num, row) for row in rows if any(row.values())], name)
    except csv.Error as error:
        msg = f"{name}, line {rows.reader.line_num}: {error}"
        raise ConfigurationError(msg) from None


def _separator(text: str) -> str:
    """What separates the names of the columns: the first that occurs among them."""
    head = text.partition("\n")[0]
    return next((one for one in _SEPARATORS if one in head), _SEPARATORS[0])


def _check_header(columns: Sequence[str], name: str) -> None:
    missing = [column for column in ("agent", "team") if column not in columns]
    if missing:
        msg = f"{name}, line 1: column '{missing[0]}' is missing; allowed: {', '.join(COLUMNS)}"
        if len(columns) == 1 and "|" in columns[0]:
            msg += "; separate columns by ',', not by '|'"
        raise ConfigurationError(msg)
    for place, column in enumerate(columns):
        if column in columns[:place]:
            raise ConfigurationError(f"{name}, line 1: column '{column}' stands there twice")
        if column not in COLUMNS:
            msg = f"{name}, line 1: unknown column '{column}'; allowed: {', '.join(COLUMNS)}"
            raise ConfigurationError(msg)


def _build(rows: list[tuple[int, dict[str, str]]], name: str) -> Roster:
    lines: dict[str, list[tuple[int, Assignment]]] = defaultdict(list)
    pools: dict[str, str] = {}
    display_names: dict[str, str] = {}
    for line, row in rows:
        where = f"{name}, line {line}"
        if None in row or None in row.values():
            raise ConfigurationError(f"{where}: as many values as columns are needed")
        row = {column: text_of_cell(cell.strip()) for column, cell in row.items()}  # noqa: PLW2901
        agent, team = _id(row["agent"], "agent", where), _id(row["team"], "team", where)
        zone = _zone(row.get("zone", ""), where)
        start = _instant(row.get("from", ""), -NEVER_MS, zone, f"{where}: from")
        end = _instant(row.get("to", ""), NEVER_MS, zone, f"{where}: to")
        if end <= start:
            msg = f"{where}: 'to' {row.get('to')} must be later than 'from' {row.get('from')}"
            raise ConfigurationError(msg)
        if row.get("work_mode", "") not in WORK_MODES:
            msg = f"{where}: work_mode '{row['work_mode']}'; allowed: on_site, at_home"
            raise ConfigurationError(msg)
        lines[agent].append((line, Assignment(start, end, team)))
        if row.get("pool"):
            pool = _id(row["pool"], "pool", where)
            if pools.setdefault(team, pool) != pool:
                msg = (
                    f"{where}: team '{team}' stands in pool '{pools[team]}' above, in '{pool}' here"
                )
                raise ConfigurationError(msg)
        if row.get("name"):
            display_names[agent] = row["name"]
    assignments = {agent: _in_order(agent, held, name) for agent, held in lines.items()}
    return Roster(assignments, pools, display_names)


def _in_order(agent: str, held: list[tuple[int, Assignment]], name: str) -> tuple[Assignment, ...]:
    ordered = sorted(held, key=lambda pair: pair[1].from_ms)
    for (_, before), (line, after) in pairwise(ordered):
        if after.from_ms < before.to_ms and after.team == before.team:
            msg = (
                f"{name}, line {line}: agent '{agent}' is in team '{after.team}' by another "
                "line at the same time already; remove one of them"
            )
            raise ConfigurationError(msg)
        if after.from_ms < before.to_ms:
            msg = (
                f"{name}, line {line}: agent '{agent}' is in '{before.team}' and "
                f"'{after.team}' at the same time; give 'from' and 'to' that do not overlap"
            )
            raise ConfigurationError(msg)
    return tuple(assignment for _, assignment in ordered)


def _id(value: str, column: str, where: str) -> str:
    if not is_id(value):
        msg = (
            f"{where}: {column} {value!r}; allowed: 1 to {ID_BYTES_MOST} bytes without '/' "
            "and without control characters"
        )
        raise ConfigurationError(msg)
    return value


def _zone(value: str, where: str) -> ZoneInfo | None:
    if not value:
        return None
    try:
        return ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # unknown, or a path, or a folder of zones
        msg = f"{where}: zone '{value}'; allowed: an IANA name, as Asia/Shanghai"
        raise ConfigurationError(msg) from None


def _instant(value: str, default: int, zone: ZoneInfo | None, where: str) -> int:
    """An instant; with a zone it may be a local date, from its first instant, or a local time."""
    if not value:
        return default
    try:
        return parse_instant_ms(value) if zone is None else _local_ms(value, zone)
    except ValueError as error:
        raise ConfigurationError(f"{where} {error}") from None


def _local_ms(value: str, zone: ZoneInfo) -> int:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        msg = f"'{value}'; allowed: RFC 3339, or a local date or time, as 2026-03-02T08:00"
        raise ValueError(msg) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return round(moment.timestamp() * 1_000)
