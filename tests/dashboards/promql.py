"""What an expression of PromQL asks for."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import promql_parser

from stream.events.language import State
from stream.render.catalogue import METRICS, ratio_metric
from stream.render.metric import Metric, MetricKind
from stream.spec import RATIOS

VARIABLES = {
    "$__rate_interval": "1m",
    "$__range": "1h",
    "$floor": ".+",
    "$pool": ".+",
    "$team": ".+",
    "$window": "15m",
}
SCRAPED = frozenset({"job", "instance"})
"""Labels that Prometheus itself adds."""
FOREIGN = {
    "ALERTS": {"alertname", "alertstate", "severity", "floor", "detector"},
    "up": set(),
    "scrape_samples_scraped": set(),
    "process_start_time_seconds": set(),
    "alertmanager_notifications_failed_total": {"integration"},
    "process_resident_memory_bytes": set(),
    "process_cpu_seconds_total": set(),
}
"""Series of Prometheus' own, and of every process: name and labels."""


class Selector(NamedTuple):
    """A selection of series, and the functions around it, the innermost first."""

    name: str
    matchers: dict[str, str]
    within: tuple[str, ...]


def substituted(expr: str) -> str:
    """Without the variables of Grafana, the longest names first."""
    for name in sorted(VARIABLES, key=len, reverse=True):
        expr = expr.replace(name, VARIABLES[name])
    assert "$" not in expr, expr
    return expr


def selectors(expr: str) -> list[Selector]:
    return list(_selectors(promql_parser.parse(substituted(expr)), ()))


def _selectors(node: Any, within: tuple[str, ...]) -> Iterator[Selector]:
    match type(node).__name__:
        case "VectorSelector":
            matchers = {one.name: one.value for one in node.matchers.matchers}
            yield Selector(node.name, matchers, within)
        case "MatrixSelector":
            yield from _selectors(node.vector_selector, within)
        case "Call":
            for argument in node.args:
                yield from _selectors(argument, (node.func.name, *within))
        case "BinaryExpr":
            yield from _selectors(node.lhs, within)
            yield from _selectors(node.rhs, within)
        case "NumberLiteral" | "StringLiteral":
            pass
        case _:
            yield from _selectors(node.expr, within)


def grouped(expr: str) -> set[str]:
    """All labels by which anything is grouped or matched."""
    found = re.findall(r"\b(?:by|on|without|group_left) \(([^)]*)\)", expr)
    return {label.strip() for labels in found for label in labels.split(",") if label.strip()}


def series_of(metric: Metric) -> dict[str, Metric]:
    """The names under which a metric's series stand."""
    if metric.kind is MetricKind.histogram:
        return {f"{metric.name}{end}": metric for end in ("_sum", "_count", "_bucket")}
    return {metric.name: metric}


LISTED: dict[str, Metric] = {
    name: metric
    for one in (*METRICS, *map(ratio_metric, RATIOS))
    for name, metric in series_of(one).items()
}


def complaints(expr: str, records: dict[str, set[str]]) -> list[str]:
    """What an expression refers to that nobody exports.

    records: names and labels of recording rules.
    """
    found = []
    for selector in selectors(expr):
        labels = labels_of(selector.name, records)
        if labels is None:
            found.append(f"{selector.name} is no metric of the list")
            continue
        found += [
            f"{selector.name} has no label {label}"
            for label in selector.matchers.keys() - labels - SCRAPED
        ]
        if "state" in selector.matchers and selector.name.endswith(("_agents", "_state_seconds")):
            named = re.findall(r"[a-z_]+", selector.matchers["state"])
            found += [f"{one} is no state" for one in named if one not in State.__members__]
        counts = LISTED.get(selector.name)
        is_counter = selector.name.endswith(("_total", "_sum", "_count", "_bucket"))
        since_birth = "process_start_time_seconds" in expr or f"{selector.name} offset" in expr
        within = {"rate", "increase"} & set(selector.within)
        if counts is not None and is_counter and not within and not since_birth:
            found.append(f"{selector.name} counts up, and is asked for outside rate and increase")
    return found


def labels_of(name: str, records: dict[str, set[str]]) -> set[str] | None:
    if name in LISTED:
        return set(LISTED[name].labels)
    return records.get(name, FOREIGN.get(name))
