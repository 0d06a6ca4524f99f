"""Where the rules link to, and the thresholds of alerts and boards."""

import tomllib
from pathlib import Path
from typing import Annotated, Final

import msgspec

from stream.errors import ConfigurationError

Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^/\s]+[^\s]*$")]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(gt=0, lt=1)]
Count = Annotated[int, msgspec.Meta(gt=0)]


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An alert fires beyond these values."""

    figures_old_s: Seconds = 30
    """Age of a floor's newest figures."""
    unknown_share: Share = 0.1
    """Agents in an unknown state, of all who are not offline."""
    rejected_share: Share = 0.01
    """Rejected events, of all events."""
    late_share: Share = 0.01
    """Late events, of all events."""
    lag_records: Count = 10_000
    """Records in Kafka that no worker has read yet."""
    commits_failed: Count = 3
    """Failed commits of one worker in five minutes."""
    redis_memory_share: Share = 0.8
    """Memory that Redis uses, of its maxmemory."""
    restore_s: Seconds = 15
    """Mean time to take over a partition."""
    refresh_s: Seconds = 0.5
    """Mean time to refresh the figures of a partition; a refresh is due every second."""
    clock_ahead_s: Seconds = 5
    """How far the figures are ahead of Prometheus' own clock."""
    events_ahead: Count = 5
    """Events in five minutes that are rejected as ahead of Kafka's time stamps."""


class RulesConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The configuration of all rules; the defaults are those of the files in dashboards/rules."""

    grafana_url: Url = "https://grafana.example"
    """Where Grafana is; each alert links to a board there."""
    runbook_url: Url = "https://docs.example/runbook.md"
    """Where docs/runbook.md is; each alert links to its section."""
    thresholds: Thresholds = Thresholds()


DEFAULTS: Final = RulesConfig()


def load_config(path: Path) -> RulesConfig:
    """Read the configuration from a TOML file; a key that is left out has its default.

    Raises:
        ConfigurationError: no TOML, an unknown key, or a value outside its range.
        OSError: the file cannot be read.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), RulesConfig)
    except (ValueError, msgspec.ValidationError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
