"""The demo's words: what its screen says of a page, and of those that have not come."""

from stream.cli.demonstration.findings import Findings
from stream.cli.demonstration.receiver import Page
from stream.cli.demonstration.scenario import TEAMS
from stream.cli.demonstration.screen import evidence_text


def test_evidence_is_shown_as_text() -> None:
    evidence = {
        "k": 5,
        "n": 10,
        "limit": None,
        "nudge_limit": 5,
        "usual": 0.8,
        "window_s": 12,
        "entry_states": ["aux", "meal"],
        "joins": [],
        "chance": {"count": 15, "unit": "month", "more": False},
        "budget": {"count": 0.5, "per": "month"},
        "in_peak": True,
        "reason": "scheduled",
        "other": {"a": [1, None]},
    }
    assert evidence_text(evidence) == (
        "k 5, n 10, nudge limit 5, usual 0.8, window 12 s, entry states aux and meal, joins none, "
        "chance once in about 15 months, "
        'budget 0.5 a month, in peak yes, reason scheduled, other {"a":[1,null]}'
    )


def test_pages_are_awaited_until_they_came() -> None:
    findings = Findings()
    for at, team in enumerate(TEAMS):
        assert findings.awaited == list(TEAMS)[at:]
        notice = {"team": team, "severity": "page", "status": "resolved"}
        findings.pages.append(Page(0, notice))
        assert findings.awaited == list(TEAMS)[at:]
        findings.pages.append(Page(0, notice | {"status": "firing"}))
    assert findings.awaited == []
