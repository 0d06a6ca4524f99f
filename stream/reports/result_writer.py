"""The files of a replay: two tables, alerts, rejected rows, late events, a summary."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO

import orjson

from stream.calendar.schedules import rfc3339_local
from stream.control.alerts.messages import describe
from stream.control.model import Severity, Transition
from stream.notify.notice import RAISED
from stream.reports.files import Results
from stream.reports.tables import Tables
from stream.reports.window_accumulator import FinishedWindow, SeatKey
from stream.sources.recording import Recording, Unreadable
from stream.spec import RatioSpec

_SEVERITY_ORDER = tuple(Severity)


@dataclass(slots=True)
class ResultWriter:
    """Writes the results of a replay, and counts them for the summary."""

    results: Results
    zone: str
    ratios: Sequence[RatioSpec]
    files: Sequence[str]
    language: str
    """Of the titles and texts of alerts."""
    tables: Tables = field(init=False)
    alerts: TextIO = field(init=False)
    seats: set[SeatKey] = field(init=False, default_factory=set)
    severities: dict[tuple[str, str], Severity] = field(init=False, default_factory=dict)
    """The most severe of each (detector, alert id)."""
    notices: Counter[tuple[str, str]] = field(init=False, default_factory=Counter)
    """By severity and change."""

    def __post_init__(self) -> None:
        """Open the files that are written during the replay."""
        self.tables = Tables(
            self.results.file("agents.csv"), self.results.file("teams.csv"), self.ratios, self.zone
        )
        self.alerts = self.results.file("alerts.jsonl")

    def window(self, window: FinishedWindow) -> None:
        """Write a finished window."""
        self.tables.write(window)
        self.seats.update(window.seats)

    def transition(self, one: Transition) -> None:
        """Write a transition."""
        held = self.severities.setdefault((one.detector, one.id), one.severity)
        self.severities[one.detector, one.id] = min(held, one.severity, key=_SEVERITY_ORDER.index)
        if one.notify:
            self.notices[one.severity.value, _change(one)] += 1
        self.alerts.write(orjson.dumps(self._line(one)).decode() + "\n")

    def _line(self, one: Transition) -> dict[str, object]:
        message = describe(one, self.language)
        return {
            "at": rfc3339_local(one.at_ms, self.zone),
            "floor": one.floor,
            "pool": one.pool,
            "team": one.team,
            "detector": one.detector,
            "severity": one.severity.value,
            "from": one.before.value,
            "to": one.to.value,
            "in_peak": one.in_peak,
            "evidence": dict(one.evidence),
            "id": one.id,
            "onset": rfc3339_local(one.onset_ms, self.zone),
            "notify": one.notify,
            "title": message.title,
            "text": message.text,
        }

    def rows(self, name: str, rows: Sequence[Unreadable]) -> None:
        """Write rows that did not count, in the order of the files."""
        file = self.results.file(name)
        for row in sorted(rows, key=lambda row: (row.file, row.line)):
            line = {
                "file": self.files[row.file],
                "line": row.line,
                "reason": row.reason,
                "detail": row.detail,
                "text": row.text,
            }
            file.write(orjson.dumps(line).decode() + "\n")

    def summary(
        self,
        head: dict[str, object],
        recording: Recording,
        calls: int,
        late: Sequence[Unreadable],
        rejected: Sequence[Unreadable],
    ) -> dict[str, object]:
        """Write summary.json; nothing in it differs from run to run."""
        ts_ms = recording.ts_ms
        first = rfc3339_local(int(ts_ms.min()), self.zone) if len(ts_ms) else None
        last = rfc3339_local(int(ts_ms.max()), self.zone) if len(ts_ms) else None
        summary = head | {
            "rows": recording.rows,
            "events": len(recording.values),
            "late": len(late),
            "rejected": len(rejected),
            "late_by_reason": _counted(late),
            "rejected_by_reason": _counted(rejected),
            "calls": calls,
            "agents": len({(seat.floor, seat.agent) for seat in self.seats}),
            "teams": len({(seat.floor, seat.team) for seat in self.seats}),
            "first_event": first,
            "last_event": last,
            "alerts": self._alerts(),
            "notices": self._notices(),
        }
        text = orjson.dumps(summary, option=orjson.OPT_INDENT_2).decode()
        self.results.file("summary.json").write(text + "\n")
        return summary

    def _alerts(self) -> dict[str, dict[str, int]]:
        """Alerts by detector and by the most severe severity of each."""
        found: dict[str, Counter[str]] = {}
        for (detector, _), severity in sorted(self.severities.items()):
            found.setdefault(detector, Counter())[severity.value] += 1
        return {detector: dict(sorted(counts.items())) for detector, counts in found.items()}

    def _notices(self) -> dict[str, dict[str, int]]:
        """What the sinks would have been sent, by severity and change."""
        found: dict[str, dict[str, int]] = {}
        for (severity, change), count in sorted(self.notices.items()):
            found.setdefault(severity, {})[change] = count
        return found


def _change(one: Transition) -> str:
    """What a step is to its alert."""
    if one.to not in RAISED:
        return "ended"
    return "changed" if one.before in RAISED else "raised"


def _counted(rows: Sequence[Unreadable]) -> dict[str, int]:
    return dict(sorted(Counter(row.reason for row in rows).items()))
