import orjson
import pytest

from stream.control.alerts.messages import Message
from stream.control.model import Severity, Transition, Verdict
from stream.notify.notice import Notice, Status, body_of, key_of
from tests.render.factory import AS_OF_MS


def transition(
    to: Verdict = Verdict.out_of_control,
    *,
    alert: str = "a1",
    at_ms: int = AS_OF_MS,
    severity: Severity = Severity.page,
    team: str = "售后2组 😀",
) -> Transition:
    return Transition(
        id=alert,
        at_ms=at_ms,
        floor="深圳",
        pool="main",
        team=team,
        detector="collective",
        severity=severity,
        before=Verdict.in_control,
        to=to,
        in_peak=True,
        notify=True,
        evidence={"staffed": 15, "entered": 6, "span_ms": 90_000, "drivers": ["anna", "bo"]},
        onset_ms=AS_OF_MS,
    )


def describe(step: Transition) -> dict[str, Message]:
    english = Message(f"{step.team}!", f"{step.detector} of {step.team}", "", "Do it.", "", " ")
    return {"en": english, "zh": Message("标题", "需处理", "", "", "", "")}


def notice(step: Transition) -> Notice:
    return Notice.from_body(body_of(step, describe, "zh"))


def test_the_document_says_what_a_receiver_needs() -> None:
    document = orjson.loads(body_of(transition(), describe, "zh"))
    assert document == {
        "key": f"a1:{AS_OF_MS}:out_of_control",
        "id": "a1",
        "status": "firing",
        "severity": "page",
        "floor": "深圳",
        "pool": "main",
        "team": "售后2组 😀",
        "detector": "collective",
        "at": "2026-03-02T02:43:12.000Z",
        "from": "in_control",
        "to": "out_of_control",
        "starts_at": "2026-03-02T02:43:12.000Z",
        "ends_at": None,
        "in_peak": True,
        "notify": True,
        "title": "标题",
        "text": "需处理",
        "titles": {"en": "售后2组 😀!", "zh": "标题"},
        "texts": {"en": "collective of 售后2组 😀 Do it.", "zh": "需处理"},
        "evidence": {"staffed": 15, "entered": 6, "span_ms": 90_000},
    }


def test_a_resolution_has_the_same_id_another_key_and_both_times() -> None:
    end = transition(Verdict.in_control, at_ms=AS_OF_MS + 61_000)
    document = orjson.loads(body_of(end, describe, "zh"))
    assert document["id"] == "a1"
    assert document["key"] != key_of(transition())
    assert document["status"] == "resolved"
    assert document["starts_at"] == "2026-03-02T02:43:12.000Z"
    assert document["ends_at"] == "2026-03-02T02:44:13.000Z"


@pytest.mark.parametrize("to", Verdict)
def test_in_each_state_an_alert_is_either_active_or_ended(to: Verdict) -> None:
    active = {Verdict.out_of_control, Verdict.watch, Verdict.improving}
    status = orjson.loads(body_of(transition(to), describe, "zh"))["status"]
    assert status == ("firing" if to in active else "resolved")


def test_people_are_named_only_if_configured() -> None:
    plain = body_of(transition(), describe, "zh")
    naming = body_of(transition(), describe, "zh", with_names=True)
    assert b"anna" not in plain
    assert orjson.loads(naming)["evidence"]["drivers"] == ["anna", "bo"]


def test_a_notice_comes_back_whole_from_its_stored_body() -> None:
    body = body_of(transition(Verdict.in_control), describe, "zh")
    assert Notice.from_body(body) == Notice(
        key=key_of(transition(Verdict.in_control)),
        alert="a1",
        status=Status.resolved,
        raises=False,
        severity=Severity.page,
        pool="main",
        team="售后2组 😀",
        body=body,
    )


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'"x"', b"{"])
def test_a_body_of_no_notice_is_an_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - orjson's own error is one too
        Notice.from_body(body)


def test_the_same_transition_gives_the_same_bytes() -> None:
    assert body_of(transition(), describe, "en") == body_of(transition(), describe, "en")
