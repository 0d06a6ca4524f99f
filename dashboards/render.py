"""Boards as Grafana's classic JSON, by Grafana's own library."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.builders import prometheus as prometheus_builder
from grafana_foundation_sdk.models import common, dashboard
from grafana_foundation_sdk.models import prometheus as prometheus_model

from dashboards.draw import bars, fixed, mapping, stat, thresholds, timeline, timeseries
from dashboards.model import (
    Board,
    Colour,
    Kind,
    Panel,
    Row,
    Target,
    Text,
)
from dashboards.tables import REFS, table
from dashboards.variables import NAMES, variable

SCHEMA: Final = 39
"""The oldest that Grafana 10.4 to 13 load unchanged, with panels of their core alone."""
SOURCE: Final = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
OWN: Final = common.DataSourceRef(type_val="grafana", uid="-- Grafana --")
TOLD: Final = (
    builder.AnnotationTarget().type("tags").tags(["floorwatch"]).match_any(True).limit(500)
)
"""The alerts that a sink of kind grafana has written."""


def uid_of(name: str, language: str) -> str:
    """The uid of a board."""
    return f"floorwatch-{name}" + ("" if language == "en" else f"-{language}")


class Renderer:
    """Puts one board into one language."""

    def __init__(self, board: Board, boards: Sequence[Board], language: str) -> None:
        self._board = board
        self._boards = boards
        self._language = language

    def render(self) -> dashboard.Dashboard:
        """The board as Grafana has it."""
        board = self._board
        made = (
            builder.Dashboard(self._say(board.title))
            .uid(uid_of(board.name, self._language))
            .description(self._say(board.description))
            .tags(["floorwatch", self._language])
            .timezone("browser")
            .readonly()
            .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
            .time(board.since, "now")
            .refresh(board.refresh)
            .timepicker(
                builder.TimePicker().refresh_intervals(["5s", "10s", "15s", "30s", "1m", "5m"])
            )
        )
        for name in board.variables:
            made = made.with_variable(variable(name, self._language, one=name == board.one))
        for mark in self._marks():
            made = made.annotation(mark)
        made = made.links([self._link(other) for other in self._boards])
        result = made.build()
        result.schema_version = SCHEMA
        result.panels = [self._place(n, one) for n, one in enumerate(board.panels, 1)]
        return result

    def _marks(self) -> Iterator[builder.AnnotationQuery]:
        """What is drawn into the time of every panel."""
        for mark in self._board.marks:
            yield (
                builder.AnnotationQuery()
                .name(self._say(mark.name))
                .datasource(SOURCE)
                .enable(True)
                .icon_color(mark.colour.value)
                .expr(mark.query.expr)
                .step("60s")
                .title_format(self._say(mark.name))
                .text_format(self._say(mark.text))
            )
        if self._board.alerts:
            yield (
                builder.AnnotationQuery()
                .name(self._say(Text("alerts", "告警")))
                .datasource(OWN)
                .enable(True)
                .icon_color(Colour.act.value)
                .target(TOLD)  # type: ignore[arg-type]
            )

    # ------------------------------------------------------------------------------ words, links

    def _say(self, text: Text) -> str:
        return text.of(self._language)

    def _name(self, name: str | Text) -> str:
        return name if isinstance(name, str) else self._say(name)

    def _link(self, other: Board) -> builder.DashboardLink:
        url = f"/d/{uid_of(other.name, self._language)}"
        return (
            builder.DashboardLink(self._say(other.title))
            .type(dashboard.DashboardLinkType.LINK)
            .url(url)
            .tooltip(self._say(other.description))
            .icon("dashboard")
            .include_vars(True)
            .keep_time(True)
        )

    def _data_links(self, panel: Panel) -> list[Any]:
        """To other boards, with the labels of the series as variables."""
        found = []
        for name in panel.links:
            [board] = [one for one in self._boards if one.name == name]
            labels = set.intersection(*(set(t.query.labels) for t in panel.targets))
            chosen = [label for label in NAMES if label in labels and label in board.variables]
            read = "__data.fields" if panel.kind is Kind.table else "__field.labels"
            values = "&".join(f"var-{label}=${{{read}.{label}:queryparam}}" for label in chosen)
            values = values.replace(":queryparam", ":percentencode")
            url = f"/d/{uid_of(name, self._language)}?{values}&${{__url_time_range}}"
            found.append(
                builder.DashboardLink(self._say(board.title))
                .type(dashboard.DashboardLinkType.LINK)
                .url(url)
            )
        return found

    # ------------------------------------------------------------------------------ panels

    def _place(self, number: int, one: Panel | Row) -> Any:
        if isinstance(one, Row):
            row = builder.Row(self._say(one.title)).build()
            row.id_val = number
            row.grid_pos = dashboard.GridPos(h=1, w=24, x=0, y=one.y)
            return row
        made = self._drawn(one)
        place = one.place
        made = (
            made.id(number)
            .title(self._say(one.title))
            .description(self._say(one.description))
            .datasource(SOURCE)
            .grid_pos(dashboard.GridPos(h=place.height, w=place.width, x=place.x, y=place.y))
            .unit(one.unit.value)
            .no_value(self._say(one.empty))
            .targets([self._target(n, t, one) for n, t in enumerate(one.targets)])
        )
        if one.decimals is not None:
            made = made.decimals(one.decimals)
        if one.least is not None:
            made = made.min(one.least)
        if one.most is not None:
            made = made.max(one.most)
        if one.steps:
            made = made.thresholds(thresholds(one.steps))
        if one.words:
            made = made.mappings([mapping(one.words, self._say)])
        if one.links and one.kind is not Kind.table:
            made = made.data_links(self._data_links(one))
        for name, word in one.names.items():
            shown = dashboard.DynamicConfigValue("displayName", self._say(word.text))
            made = made.override_by_name(name, [shown, fixed(word.colour)])
        return made.build()

    def _target(self, number: int, target: Target, panel: Panel) -> prometheus_builder.Dataquery:
        query = (
            prometheus_builder.Dataquery()
            .ref_id(REFS[number])
            .expr(target.query.expr)
            .datasource(SOURCE)
            .editor_mode(prometheus_model.QueryEditorMode.CODE)
            .legend_format(self._name(target.legend) or "__auto")
        )
        if panel.kind is Kind.table:
            return query.instant().format(prometheus_model.PromQueryFormat.TABLE)
        if panel.kind in {Kind.stat, Kind.bars}:
            return query.instant()
        return query.range()

    def _drawn(self, panel: Panel) -> Any:
        match panel.kind:
            case Kind.stat:
                return stat(panel)
            case Kind.bars:
                return bars(panel)
            case Kind.timeseries:
                return timeseries(panel)
            case Kind.timeline:
                return timeline(panel)
            case Kind.table:
                return table(panel, self._say, self._data_links(panel))
