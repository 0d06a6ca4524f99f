"""The looks of each kind of panel, by Grafana's own library."""

from collections.abc import Callable, Iterable, Mapping

from grafana_foundation_sdk.builders import bargauge as bargauge_builder
from grafana_foundation_sdk.builders import common as common_builder
from grafana_foundation_sdk.builders import dashboard as builder
from grafana_foundation_sdk.builders import stat as stat_builder
from grafana_foundation_sdk.builders import statetimeline as timeline_builder
from grafana_foundation_sdk.builders import timeseries as timeseries_builder
from grafana_foundation_sdk.models import common, dashboard

from dashboards.model import Colour, Panel, Step, Text, Word

Say = Callable[[Text], str]
"""Puts a text into the language of the board."""


def stat(panel: Panel) -> stat_builder.Panel:
    """Large numbers or words on their colour."""
    made = (
        stat_builder.Panel()
        .graph_mode(common.BigValueGraphMode.NONE)
        .color_mode(common.BigValueColorMode.BACKGROUND)
        .justify_mode(common.BigValueJustifyMode.CENTER)
        .reduce_options(last())
    )
    if panel.large:
        made = made.text(common_builder.VizTextDisplayOptions().value_size(56).title_size(20))
    several = len(panel.targets) > 1 or panel.targets[0].legend
    mode = common.BigValueTextMode.VALUE_AND_NAME if several else common.BigValueTextMode.VALUE
    return made.text_mode(mode)


def bars(_panel: Panel) -> bargauge_builder.Panel:
    """A bar for each series."""
    return (
        bargauge_builder.Panel()
        .display_mode(common.BarGaugeDisplayMode.BASIC)
        .orientation(common.VizOrientation.HORIZONTAL)
        .value_mode(common.BarGaugeValueMode.TEXT)
        .show_unfilled(True)
        .reduce_options(last())
    )


def timeseries(panel: Panel) -> timeseries_builder.Panel:
    """Lines, or areas that add up."""
    made = (
        timeseries_builder.Panel()
        .line_width(2)
        .fill_opacity(60 if panel.stacked else 8)
        .show_points(common.VisibilityMode.NEVER)
        .legend(
            common_builder.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.TABLE)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(
            common_builder.VizTooltipOptions()
            .mode(common.TooltipDisplayMode.MULTI)
            .sort(common.SortOrder.DESCENDING)
        )
    )
    if panel.stacked:
        made = made.stacking(
            common_builder.StackingConfig().mode(common.StackingMode.NORMAL).group("A")
        )
    if panel.lines:
        made = made.thresholds_style(
            common_builder.GraphThresholdsStyleConfig().mode(common.GraphThresholdsStyleMode.DASHED)
        )
    return made


def timeline(_panel: Panel) -> timeline_builder.Panel:
    """States over time, a line for each series."""
    return (
        timeline_builder.Panel()
        .merge_values(True)
        .show_value(common.VisibilityMode.AUTO)
        .row_height(0.8)
        .fill_opacity(80)
        .legend(
            common_builder.VizLegendOptions()
            .display_mode(common.LegendDisplayMode.LIST)
            .placement(common.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )


def mapping(words: Mapping[int, Word], say: Say) -> dashboard.ValueMap:
    """Numbers as words and colours."""
    return dashboard.ValueMap(
        {
            str(number): dashboard.ValueMappingResult(
                text=say(word.text), color=word.colour.value, index=index
            )
            for index, (number, word) in enumerate(words.items())
        }
    )


def fixed(colour: Colour) -> dashboard.DynamicConfigValue:
    """One colour, whatever the value."""
    return dashboard.DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour.value})


def thresholds(steps: Iterable[Step]) -> builder.ThresholdsConfig:
    """Colours by value."""
    return (
        builder.ThresholdsConfig()
        .mode(dashboard.ThresholdsMode.ABSOLUTE)
        .steps([dashboard.Threshold(value=s.value, color=s.colour.value) for s in steps])
    )


def last() -> common_builder.ReduceDataOptions:
    """The newest value of each series."""
    return common_builder.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False)
