"""Ids, severities and the order in which alerts of one instant are told."""

from collections.abc import Mapping

from stream.control.episode import NO_EPISODE, AlertStep, Episode, advance, hash_id, severity_for
from stream.control.model import Severity, Verdict


def test_an_id_is_sixteen_hex_digits_that_stay_the_same_for_good() -> None:
    assert hash_id("main", "p", "red", "share", 1_772_445_600_000) == "85f044db5ca93c79"
    assert hash_id("main", "p", "", "share", 1_772_445_600_000) != "85f044db5ca93c79"


def test_the_page_limit_pages_only_through_an_open_gate() -> None:
    def severity(*, page_limit: bool, in_peak: bool, gate_open: bool) -> Severity:
        return severity_for(page_limit=page_limit, in_peak=in_peak, gate_open=gate_open)

    assert severity(page_limit=True, in_peak=True, gate_open=True) is Severity.page
    assert severity(page_limit=True, in_peak=True, gate_open=False) is Severity.nudge
    assert severity(page_limit=True, in_peak=False, gate_open=False) is Severity.digest
    assert severity(page_limit=False, in_peak=True, gate_open=True) is Severity.nudge
    assert severity(page_limit=False, in_peak=False, gate_open=False) is Severity.digest


def test_of_alerts_at_one_instant_the_loudest_is_told() -> None:
    _, steps = advance(
        NO_EPISODE,
        0,
        {"share": False, "collective": True},
        calm=False,
        severity_for=lambda page_limit: Severity.page if page_limit else Severity.nudge,
        alert_id=str,
    )
    assert [(step.detector, step.to, step.notify) for step in steps] == [
        ("collective", Verdict.out_of_control, True),
        ("share", Verdict.watch, False),
    ]


def test_a_detector_that_grows_louder_than_what_was_told_is_told_under_its_own_id() -> None:
    def judge(
        episode: Episode, at_ms: int, found: Mapping[str, bool]
    ) -> tuple[Episode, list[AlertStep]]:
        return advance(
            episode,
            at_ms,
            found,
            calm=not found,
            severity_for=lambda page_limit: Severity.page if page_limit else Severity.nudge,
            alert_id=str,
        )

    episode, _ = judge(NO_EPISODE, 0, {"share": False})
    episode, steps = judge(episode, 1, {"share": False, "collective": True})
    assert [(step.detector, step.notify) for step in steps] == [("collective", True)]
    episode, steps = judge(episode, 2, {"share": True})
    assert [(step.detector, step.severity, step.notify) for step in steps] == [
        ("share", Severity.page, False)
    ]
    episode, steps = judge(episode, 3, {})
    assert steps == []
    episode, steps = judge(episode, 60_003, {})
    assert [(step.detector, step.severity, step.notify) for step in steps] == [
        ("share", Severity.nudge, True),
        ("collective", Severity.page, True),
    ]
    assert not episode.raised
