"""Makes docs/metrics.md from the list of all metrics: ``.venv/bin/python docs/metrics.py``."""

# ruff: noqa: INP001 - a script beside the documents

from collections.abc import Iterable
from pathlib import Path

from stream.render.catalogue import METRICS, POOL, TEAM, ratio_metric
from stream.render.metric import BOUNDS, Metric
from stream.spec import RATIOS

FILE = Path(__file__).with_suffix(".md")
OWN_RATIOS = (
    "A ratio of your own (`[ratio.NAME]`) is exported as `floorwatch_team_NAME_ratio`; the help "
    "text of each is its definition.\n"
)
HEAD = """\
# Metrics

All that `/metrics` of a worker may hold; made by `docs/metrics.py` from the list in
`stream/render/catalogue.py`. Beside these stand `process_*`: memory, CPU, files.

A metric is there when its figure exists; what is not defined, such as a ratio without time below
the line, has no series. No series carries a time stamp or the id of a person. Series of teams that
are gone disappear with the next scrape. While floors move between workers a floor may be shown by
two of them, or by none, for a moment: take `max by (floor, pool, team)` of figures, never a sum
over workers.

A ratio is never averaged: sum `floorwatch_team_state_seconds` of the states above and below the
line, and divide.
"""
BOUNDED = """\
## How many series

About 220 a team with five ratios and three detectors, 65 a pool, 2 a feed, 120 a worker.
`[metrics]` leaves windows (`windows`), whole metrics (`without`) or rows (`rows_max`) out; what has
no series for want of rows is counted in `floorwatch_metrics_left_out`. What keeps each label small:

| label | values |
| --- | --- |
"""


def text() -> str:
    """The document."""
    teams = [metric for metric in METRICS if "team" in metric.labels]
    pools = [m for m in METRICS if set(POOL) <= set(m.labels) and not set(TEAM) <= set(m.labels)]
    feeds = [metric for metric in METRICS if "source" in metric.labels]
    rest = [metric for metric in METRICS if metric not in (*teams, *pools, *feeds)]
    parts = [
        HEAD,
        _section("Teams", [*teams, *map(ratio_metric, RATIOS)]),
        OWN_RATIOS,
        _section("Pools", pools),
        _section("Feeds", feeds),
        _section("The worker itself", rest),
        BOUNDED + "\n".join(f"| `{label}` | {bound} |" for label, bound in BOUNDS.items()) + "\n",
    ]
    return "\n".join(parts)


def _section(title: str, metrics: Iterable[Metric]) -> str:
    rows = "\n".join(_row(metric) for metric in metrics)
    return (
        f"## {title}\n\n| metric | kind | unit | labels | meaning |\n"
        f"| --- | --- | --- | --- | --- |\n{rows}\n"
    )


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {metric.unit} | {labels} | {metric.help} |"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
