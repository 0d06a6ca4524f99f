"""Tables: several queries as columns of one row for each team."""

from collections.abc import Sequence
from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.builders import table as table_builder
from grafana_foundation_sdk.models import common, dashboard

from dashboards.draw import Say, mapping, thresholds
from dashboards.model import Column, Panel, Text

REFS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""Names of a panel's queries."""


def table(panel: Panel, say: Say, links: Sequence[builder.DashboardLink]) -> table_builder.Panel:
    """Columns keep the names that they come with, by which links and sorting know them."""
    came = [_came(column, panel) for column in panel.columns]
    labels = {label for target in panel.targets for label in target.query.labels}
    order = {name: at for at, name in enumerate([*came, *sorted(labels - set(came))])}
    made = (
        table_builder.Panel()
        .show_header(True)
        .cell_height(common.TableCellHeight.LG if panel.large else common.TableCellHeight.SM)
        .with_transformation(dashboard.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(
            dashboard.DataTransformerConfig(
                id_val="organize",
                options={"excludeByName": {"Time": True}, "indexByName": order},
            )
        )
    )
    if panel.sort is not None:
        field = _came(Column(panel.sort), panel)
        made = made.with_transformation(
            dashboard.DataTransformerConfig(
                id_val="sortBy", options={"sort": [{"field": field, "desc": True}]}
            )
        )
    for name, column in zip(came, panel.columns, strict=True):
        made = made.override_by_name(name, _column(column, say, links))
    # Not shown, and there: links read them.
    for label in sorted(labels - set(came)):
        hidden = dashboard.DynamicConfigValue("custom.hidden", True)
        made = made.override_by_name(label, [hidden])
    return made


def _came(column: Column, panel: Panel) -> str:
    """The name with which a column comes from Prometheus."""
    if isinstance(column.name, str):
        return column.name
    [number] = [n for n, target in enumerate(panel.targets) if target.column == column.name]
    return f"Value #{REFS[number]}" if len(panel.targets) > 1 else "Value"


def _column(
    column: Column, say: Say, links: Sequence[builder.DashboardLink]
) -> list[dashboard.DynamicConfigValue]:
    """How a column looks."""
    properties: dict[str, Any] = {"displayName": _said(column.title or column.name, say)}
    if column.unit is not None:
        properties["unit"] = column.unit.value
    if column.decimals is not None:
        properties["decimals"] = column.decimals
    if column.words:
        properties["mappings"] = [mapping(column.words, say)]
    if column.steps:
        properties["thresholds"] = thresholds(column.steps).build()
    if column.most is not None:
        properties |= {"min": 0, "max": column.most}
    if column.width:
        properties["custom.width"] = column.width
    if column.cell != "auto":
        properties["custom.cellOptions"] = _cell(column.cell)
    if column.name == "team" and links:
        properties["links"] = [link.build() for link in links]
    return [dashboard.DynamicConfigValue(name, value) for name, value in properties.items()]


def _said(name: str | Text, say: Say) -> str:
    return name if isinstance(name, str) else say(name)


def _cell(kind: str) -> dict[str, str]:
    if kind == "gauge":
        return {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    return {"type": kind, "mode": "basic"}
