"""The rules as YAML files."""

import re
from textwrap import fill, indent
from typing import Any, Final

import yaml

from dashboards.prometheus import recording
from dashboards.prometheus.config import DEFAULTS, RulesConfig
from dashboards.prometheus.delivery import DELIVERY
from dashboards.prometheus.feeds import FEEDS
from dashboards.prometheus.floors import FLOORS
from dashboards.prometheus.model import File, Group
from dashboards.prometheus.teams import TEAMS
from dashboards.prometheus.workers import WORKERS

FILES: Final = (
    File(
        "monitor.yml",
        "Alerts about Floorwatch itself, for those who run it. Alerts about teams come from the "
        "worker (`[[sink]]`), or from teams.yml where there is no sink. "
        "severity: critical: supervisors are blind or pages do not arrive, act at once; warning: "
        "act in working hours; info: look at it some time; none: for machines.",
        (Group("floorwatch-monitor", (*FLOORS, *FEEDS, *WORKERS, *DELIVERY)),),
    ),
    File(
        "recording.yml",
        "Sums over the teams of a pool, and ratios of those sums; a ratio is never averaged. While "
        "a floor moves between workers, both may show a team for a moment: hence `max by` before "
        "any sum. The state sets are those of the default ratios.",
        (
            Group("floorwatch-pools", recording.POOLS),
            Group("floorwatch-floors", recording.FLOORS),
            Group("floorwatch-workers", recording.WORKERS),
        ),
    ),
    File(
        "teams.yml",
        "The worker's own alerts, sent by Prometheus, for those who have no `[[sink]]`. Load this "
        "file only then: an alert must have one sender. It is slower than a sink by a scrape and "
        "an evaluation (tens of seconds), and says what and where, but neither evidence nor what "
        "to do. severity is the worker's: page, nudge.",
        (Group("floorwatch-teams", TEAMS),),
    ),
)

_WIDTH: Final = 98


def texts(config: RulesConfig = DEFAULTS) -> dict[str, str]:
    """YAML by the file's name."""
    return {file.name: _text(file, config) for file in FILES}


def _text(file: File, config: RulesConfig) -> str:
    groups = [
        {"name": group.name, "rules": [rule.rule(config) for rule in group.rules]}
        for group in file.groups
    ]
    made_by = "Made by `python -m dashboards` from dashboards/prometheus: do not edit."
    comment = "\n".join(fill(part, _WIDTH) for part in (file.comment, made_by))
    document = yaml.dump(
        {"groups": groups}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH
    )
    spaced = re.sub(r"(?<!rules:)\n(?= +- (?:alert|record|name): )", "\n\n", document)
    return indent(comment, "# ") + "\n" + spaced.replace("groups:\n\n", "groups:\n")


class _Dumper(yaml.SafeDumper):
    """Writes long texts as blocks and indents lists, as people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002 - PyYAML's
        """As PyYAML's own, but never `indentless`."""
        del indentless
        super().increase_indent(flow, indentless=False)


def _written(dumper: _Dumper, text: str) -> Any:
    style = "|" if "\n" in text else ">" if len(text) > _WIDTH // 2 and " " in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _written)
