"""The variables of boards: which data source, and which floor, pool, team and window."""

from typing import Any, Final

from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.models import common, dashboard

from dashboards.model import Text
from stream.figures.model import WINDOWS

_FLOOR: Final = 'floor=~"$floor"'
_POOL: Final = f'{_FLOOR}, pool=~"$pool"'

_QUERIES: Final = {
    "floor": (
        "label_values(floorwatch_team_as_of_timestamp_seconds, floor)",
        Text("Floor", "现场"),
    ),
    "pool": (
        f"label_values(floorwatch_team_as_of_timestamp_seconds{{{_FLOOR}}}, pool)",
        Text("Pool", "技能组"),
    ),
    "team": (
        f"label_values(floorwatch_team_as_of_timestamp_seconds{{{_POOL}}}, team)",
        Text("Team", "班组"),
    ),
}
NAMES: Final = tuple(_QUERIES)
DEFAULT_WINDOW: Final = "15m"


def variable(name: str, language: str, *, one: bool = False) -> Any:
    """One variable; of `one`, a single value is chosen, at first the first."""
    if name == "datasource":
        return (
            builder.DatasourceVariable(name)
            .label(Text("Data source", "数据源").of(language))
            .type("prometheus")
        )
    if name == "window":
        return (
            builder.CustomVariable(name)
            .label(Text("Window", "窗口").of(language))
            .values(",".join(WINDOWS))
            .current(_option(DEFAULT_WINDOW, DEFAULT_WINDOW))
            .options([_option(one, one, selected=one == DEFAULT_WINDOW) for one in WINDOWS])
            .multi(False)
            .include_all(False)
        )
    query, label = _QUERIES[name]
    made = (
        builder.QueryVariable(name)
        .label(label.of(language))
        .query({"query": query, "refId": f"variable-{name}"})
        .definition(query)
        .datasource(common.DataSourceRef(type_val="prometheus", uid="${datasource}"))
        # New teams appear while a wallboard hangs there for weeks.
        .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(dashboard.VariableSort.NATURAL_ASC)
        .multi(not one)
        .include_all(not one)
    )
    return made if one else made.all_value(".+").current(_option("All", "$__all", selected=True))


def _option(text: str, value: str, *, selected: bool = True) -> dashboard.VariableOption:
    return dashboard.VariableOption(selected=selected, text=text, value=value)
