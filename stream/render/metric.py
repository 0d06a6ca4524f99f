"""Definitions of metrics: name, kind, unit, help text, labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from stream.control.model import Severity, Verdict
from stream.events.language import Reason, State
from stream.figures.model import WINDOWS

PREFIX: Final = "floorwatch_"


class MetricKind(StrEnum):
    """The Prometheus types in use."""

    gauge = "gauge"
    counter = "counter"
    histogram = "histogram"


class Unit(StrEnum):
    """What a metric counts, as in the docs."""

    agents = "agents"
    bytes = "bytes"
    calls = "calls"
    commits = "commits"
    events = "events"
    flag = "0 or 1"
    notices = "notices"
    of_detector = "a detector's own"
    partitions = "partitions"
    ratio = "ratio"
    records = "records"
    rows = "teams, pools or feeds"
    seconds = "seconds"
    timestamp = "seconds since 1970"


BOUNDS: Final[Mapping[str, str]] = {
    "floor": "as the teams",
    "pool": "as the teams; rows of pools by `rows_max` of [metrics] as well",
    "team": "`rows_max` of [metrics], a worker",
    "source": "the feeds of the floors; `rows_max` of [metrics], a worker",
    "window": f"{len(WINDOWS)}, or fewer by `windows` of [metrics]",
    "state": f"{len(State)} states of agents; {len(Verdict)} of detectors",
    "figure": "the configured ratios, 5 by default",
    "part": "3: talk, hold, acw",
    "detector": "the detectors, and `verdict`",
    "severity": f"{len(Severity)}",
    "reason": f"{len(Reason)} of events; 1 of peaks: scheduled",
    "result": "3 of events, 4 of commits, 2 of deliveries",
    "sink": "the configured sinks",
    "topic": "3",
    "server": "the Redis servers that hold state",
    "kind": "3: team, pool, source",
    "version": "1",
    "config": "1",
}
"""What bounds the number of values of each label."""


@dataclass(frozen=True, slots=True)
class Metric:
    """The definition of a metric."""

    name: str
    """With prefix, and with `_total` if it is a counter."""
    kind: MetricKind
    unit: Unit
    help: str
    labels: tuple[str, ...] = ()
    """Each has its bound in `BOUNDS`."""


def gauge(name: str, unit: Unit, text: str, labels: tuple[str, ...] = ()) -> Metric:
    """A gauge; `name` without prefix."""
    return Metric(PREFIX + name, MetricKind.gauge, unit, text, labels)


def counter(name: str, unit: Unit, text: str, labels: tuple[str, ...] = ()) -> Metric:
    """A counter; `name` without prefix and with `_total`."""
    return Metric(PREFIX + name, MetricKind.counter, unit, text, labels)


def histogram(name: str, text: str) -> Metric:
    """A histogram of seconds; `name` without prefix."""
    return Metric(PREFIX + name, MetricKind.histogram, Unit.seconds, text)
