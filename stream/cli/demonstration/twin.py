"""The same events through a shard in this process: the expected figures of the worker."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from stream.control.model import Severity, Transition
from stream.events.decode import decode
from stream.http.documents import team_document
from stream.render.view_fields import TeamView, ViewKey, ViewKind
from stream.render.views import format_views
from stream.roster import Roster
from stream.shard import Shard
from stream.spec import Spec
from stream.units import parse_instant_ms

IN_FLIGHT_MS: Final = 3_000
"""An event younger than this may not have arrived when figures are computed."""
_NO_FIGURES: Final = frozenset(
    {"age_s", "stale", "last_verdict", "detectors"}
    | {TeamView.verdict, TeamView.signal, TeamView.pool}
)


@dataclass(frozen=True, slots=True)
class SentRecord:
    """A record that was sent to Kafka."""

    time_ms: int
    """Kafka's time stamp."""
    value: bytes


def figures_of(document: dict[str, Any]) -> dict[str, Any]:
    """A team's document without the fields that depend on when and by whom it is read."""
    return {name: value for name, value in document.items() if name not in _NO_FIGURES}


def as_of_ms(document: dict[str, Any]) -> int:
    """The instant for which a team's figures hold."""
    return parse_instant_ms(document[TeamView.as_of])


def is_equal(
    document: dict[str, Any], records: Sequence[SentRecord], spec: Spec, roster: Roster
) -> bool:
    """Whether a team's figures equal those of the events that were sent.

    The last events may have been in flight: figures without them count as equal.
    """
    at_ms = as_of_ms(document)
    sent = [record for record in records if record.time_ms <= at_ms]
    wanted = figures_of(document)
    while True:
        if figures_of(_document(document, sent, spec, roster, at_ms)) == wanted:
            return True
        if not sent or sent[-1].time_ms < at_ms - IN_FLIGHT_MS:
            return False
        sent.pop()


def _document(
    like: dict[str, Any], records: Sequence[SentRecord], spec: Spec, roster: Roster, at_ms: int
) -> dict[str, Any]:
    shard = _shard(records, spec, roster)
    shard.step(at_ms)
    views = format_views(shard.figures())
    key = ViewKey(ViewKind.team, like["floor"], like["team"])
    return team_document(TeamView(key.floor, key.name, views.get(key, {})), None)


def _shard(records: Sequence[SentRecord], spec: Spec, roster: Roster) -> Shard:
    shard = Shard(spec, roster)
    values, times_ms = [one.value for one in records], [one.time_ms for one in records]
    shard.push(decode(values, times_ms, shard.names).batch)
    return shard


def pages_of_past(records: Sequence[SentRecord], spec: Spec, roster: Roster) -> list[Transition]:
    """Transitions of severity page in a replay of the records, in event time."""
    shard = _shard(records, replace(spec, event_clock=True), roster)
    return [one for one in shard.step(shard.watermark_ms) if one.severity is Severity.page]
