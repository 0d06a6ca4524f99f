"""The demo's output: a live table on a terminal, plain lines elsewhere."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from stream.cli.demonstration.receiver import Page

_COLOURS: Final = {
    "out_of_control": "bold white on red",
    "watch": "black on yellow",
    "in_control": "green",
    "stale": "dim",
}
_LINE_EVERY: Final = 10
"""Without a terminal, every tenth update is printed."""


class Screen:
    """Shows teams and pages; `say` prints a permanent line."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._teams: Sequence[Mapping[str, Any]] = ()
        self._updates = 0

    def __enter__(self) -> "Screen":
        """Start drawing."""
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        """Restore the terminal."""
        if self._live.is_started:
            self._live.stop()

    def say(self, text: str) -> None:
        """Print a permanent line."""
        self._console.print(text, markup=False, soft_wrap=True)

    def show(self, teams: Sequence[Mapping[str, Any]], note: str) -> None:
        """Show the current figures of the teams."""
        self._updates += 1
        if self._live.is_started:
            self._live.update(_drawn(teams, note), refresh=True)
        elif self._updates % _LINE_EVERY == 1:
            for team in teams:
                self.say(_line(team))

    def page(self, page: Page) -> None:
        """Print a page: what, why, what to do, and the evidence."""
        notice = page.notice
        at = datetime.fromtimestamp(page.received_ms / 1000).astimezone()
        head = "PAGE" if notice["status"] == "firing" else "over"
        style = "bold red" if page.is_page else "green"
        line = Text(f"{at:%H:%M:%S} {head} {notice['text']}", style)
        self._console.print(line, soft_wrap=not self._console.is_terminal)
        if page.is_page:
            self.say(f"         evidence: {evidence_text(notice['evidence'])}")


def evidence_text(evidence: Mapping[str, Any]) -> str:
    """Evidence as text: names without underscores, seconds with their unit, no null values."""
    return ", ".join(
        f"{name.removesuffix('_s').replace('_', ' ')} {_as_text(value)}"
        + (" s" if name.endswith("_s") else "")
        for name, value in evidence.items()
        if value is not None
    )


def _as_text(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case {"count": count, "per": period}:
            return f"{_as_text(count)} a {period}"
        case {"count": count, "unit": unit, "more": more}:
            many = unit if count == 1 else f"{unit}s"
            return f"once in {'more than' if more else 'about'} {_as_text(count)} {many}"
        case list():
            return " and ".join(map(_as_text, value)) or "none"
        case str():
            return value
        case _:
            return orjson.dumps(value).decode()


def _drawn(teams: Sequence[Mapping[str, Any]], note: str) -> RenderableType:
    table = Table(
        "team",
        "verdict",
        "staffed",
        "on calls",
        "in break",
        "aux rate 15m",
        "occupancy 15m",
        "utilisation 60m",
        "as of",
    )
    for team in teams:
        verdict = str(team.get("verdict", ""))
        name, _, *rest = _cells(team)
        table.add_row(name, Text(verdict, _COLOURS.get(verdict, "")), *rest)
    return Group(table, Text(note, "dim"))


def _line(team: Mapping[str, Any]) -> str:
    name, verdict, *heads, aux, occupancy, utilisation, as_of = _cells(team)
    figures = f"aux rate {aux}, occupancy {occupancy} of 15m, utilisation {utilisation} of 60m"
    return f"{as_of}  {name:8} {verdict:14} {', '.join(heads)}; {figures}"


def _cells(team: Mapping[str, Any]) -> list[str]:
    agents, windows = team.get("agents", {}), team.get("windows", {})
    busy = sum(agents.get(state, 0) for state in ("ringing", "talking", "hold", "acw"))
    return [
        str(team["team"]),
        str(team.get("verdict", "")),
        f"{team.get('staffed', 0)} staffed",
        f"{busy} on calls",
        f"{agents.get('aux', 0)} in break",
        _percent(windows, "15m", "aux_rate"),
        _percent(windows, "15m", "occupancy"),
        _percent(windows, "60m", "talk_utilisation"),
        str(team.get("as_of", ""))[11:19] + "Z",
    ]


def _percent(windows: Mapping[str, Any], window: str, ratio: str) -> str:
    value = windows.get(window, {}).get(ratio)
    return "-" if value is None else f"{100 * value:.1f} %"
