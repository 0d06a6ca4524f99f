"""A transition as a JSON document, for webhooks and for the audit topic."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import orjson

from stream.control.alerts.messages import Message
from stream.control.model import Severity, Transition, Verdict
from stream.units import rfc3339

Describe = Callable[[Transition], Mapping[str, Message]]
"""Messages by language (`en`, `zh`)."""

RAISED: Final = frozenset({Verdict.out_of_control, Verdict.watch, Verdict.improving})
"""States in which an alert is active; any other ends it."""
NAMING: Final = frozenset({"drivers"})
"""Keys of the evidence that name people; left out unless the configuration includes them."""


class Status(StrEnum):
    """Whether an alert is active or has ended."""

    firing = "firing"
    resolved = "resolved"


@dataclass(frozen=True, slots=True)
class Notice:
    """One step of an alert for the sinks; it can be rebuilt from its body alone."""

    key: str
    """Identifies this step: the same on each attempt, so that a receiver detects repeats."""
    alert: str
    """Id of the alert; the steps of one alert are delivered in order."""
    status: Status
    raises: bool
    """Whether the alert begins with this step."""
    severity: Severity
    pool: str
    team: str
    body: bytes

    @classmethod
    def from_body(cls, body: bytes) -> "Notice":
        """The notice of a stored body, such as one from an outbox.

        Raises:
            ValueError: it is not the body of a notice.
        """
        try:
            return cls._from_document(orjson.loads(body), body)
        except (KeyError, TypeError) as error:
            msg = f"not the body of a notice: {error} is missing or invalid: {body[:80]!r}"
            raise ValueError(msg) from error

    @classmethod
    def _from_document(cls, document: dict[str, Any], body: bytes) -> "Notice":
        return cls(
            key=document["key"],
            alert=document["id"],
            status=Status(document["status"]),
            raises=document["status"] == Status.firing and document["from"] not in RAISED,
            severity=Severity(document["severity"]),
            pool=document["pool"],
            team=document["team"],
            body=body,
        )


def key_of(transition: Transition) -> str:
    """The key of one step: alert, instant and new state."""
    return f"{transition.id}:{transition.at_ms}:{transition.to.value}"


def body_of(
    transition: Transition, describe: Describe, language: str, *, with_names: bool = False
) -> bytes:
    """The document of one transition.

    Args:
        transition: the step.
        describe: returns the texts in all languages.
        language: of `title` and `text`, for receivers that show only one language.
        with_names: whether the evidence may name people.
    """
    status = Status.firing if transition.to in RAISED else Status.resolved
    evidence = {
        name: value
        for name, value in transition.evidence.items()
        if with_names or name not in NAMING
    }
    messages = describe(transition)
    texts = {one: message.text for one, message in messages.items()}
    titles = {one: message.title for one, message in messages.items()}
    document = {
        "key": key_of(transition),
        "id": transition.id,
        "status": status,
        "severity": transition.severity,
        "floor": transition.floor,
        "pool": transition.pool,
        "team": transition.team,
        "detector": transition.detector,
        "at": rfc3339(transition.at_ms),
        "from": transition.before,
        "to": transition.to,
        "starts_at": rfc3339(transition.onset_ms),
        "ends_at": rfc3339(transition.at_ms) if status is Status.resolved else None,
        "in_peak": transition.in_peak,
        "notify": transition.notify,
        "title": titles[language],
        "text": texts[language],
        "titles": titles,
        "texts": texts,
        "evidence": evidence,
    }
    return orjson.dumps(document)
