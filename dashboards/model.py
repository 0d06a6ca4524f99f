"""What a board is before it is put into Grafana's words: texts, queries, panels."""

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Final, NamedTuple

LANGUAGES: Final = ("en", "zh")


class Text(NamedTuple):
    """Words in each language."""

    en: str
    zh: str

    def of(self, language: str) -> str:
        """In one of them."""
        return self.en if language == "en" else self.zh


class Unit(StrEnum):
    """How Grafana writes a number, by its own names."""

    number = "none"
    share = "percentunit"
    seconds = "s"
    clock = "dthms"
    bytes = "bytes"
    per_second = "cps"


@dataclass(frozen=True, slots=True)
class Query:
    """One expression, with what a test must find in its answer."""

    name: str
    expr: str
    unit: Unit
    labels: tuple[str, ...] = ()
    """That each series of the answer has."""
    sparse: bool = False
    """Nothing is an answer, too: what it asks for may never have happened."""


class Colour(Enum):
    """One set for all boards (Okabe and Ito's, which the colour-blind can tell apart).

    The same state has the same colour everywhere, and never colour alone.
    """

    good = "#009E73"
    better = "#0072B2"
    watch = "#E69F00"
    act = "#D55E00"
    grey = "#8E8E8E"
    calm = "#56B4E9"
    plain = "#CCCCDC"


class Step(NamedTuple):
    """From this number on, this colour."""

    value: float | None
    colour: Colour


class Word(NamedTuple):
    """What a number is shown as."""

    text: Text
    colour: Colour


@dataclass(frozen=True, slots=True)
class Target:
    """A query in a panel."""

    query: Query
    legend: str | Text = ""
    column: Text | None = None
    """Its column in a table."""


class Kind(Enum):
    """The panels of Grafana's core that are used; all are there since 10.4."""

    stat = "stat"
    table = "table"
    timeseries = "timeseries"
    timeline = "state-timeline"
    bars = "bargauge"


class Place(NamedTuple):
    """On a grid of 24 columns."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Column:
    """How a column of a table looks; `name` is a label, or the column of a target."""

    name: str | Text
    title: Text | None = None
    unit: Unit | None = None
    words: dict[int, Word] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    cell: str = "auto"
    """Of the cell: auto, color-background, gauge."""
    width: int = 0
    most: float | None = None
    decimals: int | None = None


NO_DATA: Final = Text("no data", "无数据")


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel. Its description says for whom it is, what it shows, what to do if it is red."""

    kind: Kind
    title: Text
    description: Text
    targets: tuple[Target, ...]
    place: Place
    unit: Unit = Unit.number
    decimals: int | None = None
    least: float | None = None
    most: float | None = None
    steps: tuple[Step, ...] = ()
    lines: bool = False
    """Steps are drawn as lines (time series)."""
    stacked: bool = False
    words: dict[int, Word] = field(default_factory=dict)
    empty: Text = NO_DATA
    columns: tuple[Column, ...] = ()
    sort: Text | str | None = None
    """Column by which a table is sorted, the greatest first."""
    links: tuple[str, ...] = ()
    """Boards to which its series lead, with their labels as variables."""
    names: dict[str, Word] = field(default_factory=dict)
    """By legend: what its series is called, and its colour."""
    large: bool = False
    """To be read from five metres."""


@dataclass(frozen=True, slots=True)
class Row:
    """A heading between panels."""

    title: Text
    y: int


@dataclass(frozen=True, slots=True)
class Mark:
    """An annotation: what happened when, over all time series."""

    name: Text
    query: Query
    text: Text
    colour: Colour


@dataclass(frozen=True, slots=True)
class Board:
    """A dashboard."""

    name: str
    """Its uid is ``floorwatch-<name>``; the one in Chinese ends with ``-zh``."""
    title: Text
    description: Text
    variables: tuple[str, ...]
    """All that its queries ask for."""
    panels: tuple[Panel | Row, ...]
    since: str = "now-3h"
    refresh: str = "15s"
    marks: tuple[Mark, ...] = ()
    one: str = ""
    """The variable of which a single value is chosen."""
    alerts: bool = False
    """Whether alerts are marked that a sink of kind grafana has written."""
