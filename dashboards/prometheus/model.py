"""What a rule says before it is YAML."""

from dataclasses import dataclass
from enum import StrEnum
from string import Template
from typing import Any, NamedTuple

import msgspec

from dashboards.model import Text
from dashboards.prometheus.config import RulesConfig


class Severity(StrEnum):
    """How fast somebody has to act on an alert about the monitor itself."""

    critical = "critical"
    """Supervisors are blind or pages do not arrive: at once."""
    warning = "warning"
    """In working hours."""
    info = "info"
    """Some time."""
    none = "none"
    """Never: it is for machines."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert rule. `expr` names thresholds of the configuration as ``$name``."""

    name: str
    expr: str
    summary: Text
    description: Text
    hold: str | None = None
    """How long the expression has to hold before the alert fires (`for`)."""
    keep: str | None = None
    """How long the alert goes on firing after it (`keep_firing_for`)."""
    severity: Severity | None = None
    """None: the expression's own label is the severity."""
    board: str = "monitor"
    """The board that it links to."""

    def rule(self, config: RulesConfig) -> dict[str, Any]:
        """The rule as Prometheus reads it."""
        rule: dict[str, Any] = {
            "alert": self.name,
            "expr": _filled(self.expr, config),
            "for": self.hold,
            "keep_firing_for": self.keep,
            "labels": self.severity and {"severity": self.severity.value},
            "annotations": {
                "summary": self.summary.en,
                "summary_zh": self.summary.zh,
                "description": self.description.en,
                "description_zh": self.description.zh,
                "runbook_url": f"{config.runbook_url}#{self.name.lower()}",
                "dashboard_url": f"{config.grafana_url.rstrip('/')}/d/floorwatch-{self.board}",
            },
        }
        return {key: value for key, value in rule.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Record:
    """A recording rule."""

    name: str
    expr: str

    def rule(self, config: RulesConfig) -> dict[str, Any]:
        """The rule as Prometheus reads it."""
        return {"record": self.name, "expr": _filled(self.expr, config)}


class Group(NamedTuple):
    """Rules that Prometheus evaluates one after the other, in this order."""

    name: str
    rules: tuple[Alert | Record, ...]


class File(NamedTuple):
    """A file of rules with the comment at its top."""

    name: str
    comment: str
    groups: tuple[Group, ...]


def _filled(expr: str, config: RulesConfig) -> str:
    return Template(expr.strip()).substitute(msgspec.structs.asdict(config.thresholds))
