"""A notice as an alert of Alertmanager (its API v2), with labels, annotations and links."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

import orjson

from stream.notify.notice import Notice
from stream.units import rfc3339

PLACE: Final = ("floor", "pool", "team")


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that alerts link to; empty: no link."""

    grafana: str = ""
    """Grafana's address."""
    runbook: str = ""
    """The page with a section for each alert."""
    language: str = "en"
    """Of the boards."""


NO_LINKS: Final = Links()


@dataclass(frozen=True, slots=True)
class AlertmanagerAlert:
    """One alert. Its labels alone are its identity, so they contain no number and no time."""

    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: str
    ends_at: str
    """Empty while the alert is active."""
    url: str

    @property
    def identity(self) -> tuple[str, ...]:
        """What identifies the alert in Alertmanager."""
        return tuple(f"{name}={value}" for name, value in sorted(self.labels.items()))

    def ended(self, at_ms: int) -> "AlertmanagerAlert":
        """This alert, ended."""
        return replace(self, ends_at=self.ends_at or rfc3339(at_ms))

    def document(self, until_ms: int) -> dict[str, Any]:
        """The document for the API.

        It always has both times: given an end and no start, Alertmanager 0.25 uses the end as the
        start.

        Args:
            until_ms: the end of an alert that is active.
        """
        return {
            "labels": self.labels,
            "annotations": self.annotations,
            "startsAt": self.starts_at,
            "endsAt": self.ends_at or rfc3339(until_ms),
            "generatorURL": self.url,
        }


def alert_of(notice: Notice, links: Links) -> AlertmanagerAlert:
    """The alert of a notice."""
    document = orjson.loads(notice.body)
    place = place_of(document)
    name = alert_name(document["detector"])
    labels = {
        "alertname": name,
        "severity": document["severity"],
        **place,
        "detector": document["detector"],
    }
    dashboard = dashboard_url(place, links)
    annotations = {
        # Alerts that an earlier version stored have no titles.
        "summary": document.get("title", document["text"]),
        "description": document["text"],
        "id": document["id"],
        "evidence": orjson.dumps(document["evidence"]).decode(),
        "dashboard_url": dashboard,
        "runbook_url": f"{links.runbook}#{name.lower()}" if links.runbook else "",
    }
    for language, text in document["texts"].items():
        annotations |= {
            f"summary_{language}": document.get("titles", {}).get(language, text),
            f"description_{language}": text,
        }
    return AlertmanagerAlert(
        labels,
        {key: value for key, value in annotations.items() if value},
        document["starts_at"],
        document["ends_at"] or "",
        dashboard,
    )


def alert_name(detector: str) -> str:
    """The name of a detector's alerts, as in the runbook."""
    return "Floorwatch" + "".join(word.title() for word in detector.split("_"))


def place_of(document: Mapping[str, Any]) -> dict[str, str]:
    """Labels of the place: floor, pool and, unless the alert is of a pool, team."""
    return {name: document[name] for name in PLACE if document[name]}


def dashboard_url(place: Mapping[str, str], links: Links) -> str:
    """The dashboard of that place; empty if Grafana's address is not configured."""
    if not links.grafana:
        return ""
    board = "floorwatch-team" if "team" in place else "floorwatch-queue"
    board += "" if links.language == "en" else f"-{links.language}"
    variables = urlencode({f"var-{name}": value for name, value in place.items()})
    return f"{links.grafana.rstrip('/')}/d/{board}?{variables}"
