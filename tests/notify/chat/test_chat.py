"""Alerts in chats, against servers that take what each vendor documents."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from stream.control.alerts.messages import Message
from stream.control.model import Severity, Verdict
from stream.notify.alertmanager_alert import Links
from stream.notify.chat.chat_format import message_of
from stream.notify.chat.chat_sender import ChatSpec
from stream.notify.dispatcher import Dispatcher
from stream.notify.notice import Notice, body_of
from stream.notify.senders import CHAT_FORMATS
from stream.notify.sink import RetryPolicy
from stream.render.worker_metrics import Health
from tests.notify.chat.groups import SECRET, Group, group_of
from tests.notify.test_notice import describe, transition

KINDS = sorted(CHAT_FORMATS)
SIGNED = ("dingtalk", "feishu")
QUICK = RetryPolicy(first_s=0.02, longest_s=0.1)
LINKS = Links("https://grafana.example")


def notice(name: str = "a1", **more: Any) -> Notice:
    return Notice.from_body(body_of(transition(alert=name, **more), describe, "en"))


def long_notice(name: str, length: int) -> Notice:
    def long(_step: object) -> dict[str, Message]:
        return dict.fromkeys(("en", "zh"), Message(name, "小" * length, "", "", "", ""))

    return Notice.from_body(body_of(transition(alert=name), long, "en"))


def spec(group: Group, **more: Any) -> ChatSpec:
    values: dict[str, Any] = {"language": "en", "secret": group.secret, "links": LINKS, **more}
    return ChatSpec(name="chat", url=group.url, chat=CHAT_FORMATS[group.kind], **values)


@asynccontextmanager
async def dispatching(*specs: ChatSpec) -> AsyncIterator[Dispatcher]:
    async with Dispatcher(specs, Health(), retry=QUICK) as dispatcher:
        yield dispatcher


@pytest.mark.parametrize("kind", KINDS)
async def test_each_chat_shows_title_text_and_link(kind: str) -> None:
    async with group_of(kind) as group, dispatching(spec(group)) as dispatcher:
        dispatcher.offer(notice())
        assert await dispatcher.drain(5)
        [text] = group.texts
        assert group.refused == []
    title, what, link = text.split("\n")
    assert title == "[ACT] 售后2组 😀!"
    assert what == "collective of 售后2组 😀 Do it."
    assert link.startswith("https://grafana.example/d/floorwatch-team?var-floor=")


@pytest.mark.parametrize("kind", KINDS)
async def test_a_chat_speaks_the_language_that_it_is_set_to(kind: str) -> None:
    async with group_of(kind) as group, dispatching(spec(group, language="zh")) as dispatcher:
        dispatcher.offer(notice())
        assert await dispatcher.drain(5)
        assert group.texts[0].startswith("【需处理】标题\n需处理")


LABELS = {
    (Verdict.out_of_control, Severity.page): ("[ACT] ", "【需处理】"),
    (Verdict.watch, Severity.nudge): ("[Watch] ", "【留意】"),
    (Verdict.watch, Severity.digest): ("[For the record] ", "【备查】"),
    (Verdict.in_control, Severity.page): ("[OK again] ", "【已恢复】"),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_the_first_line_tells_a_page_from_a_nudge_on_a_lock_screen(kind: str) -> None:
    for (to, severity), labels in LABELS.items():
        for language, label in zip(("en", "zh"), labels, strict=True):
            async with group_of(kind) as group:
                one = spec(group, language=language, severities=frozenset(Severity))
                async with dispatching(one) as dispatcher:
                    dispatcher.offer(notice(to=to, severity=severity))
                    assert await dispatcher.drain(5)
            [text] = group.texts
            assert text.startswith(label)
            assert label not in text.split("\n", 1)[1]


@pytest.mark.parametrize("kind", KINDS)
async def test_names_with_marks_of_markup_arrive_as_they_are(kind: str) -> None:
    team = "<!channel> *A* & `b` [x](y)"
    async with group_of(kind) as group, dispatching(spec(group)) as dispatcher:
        dispatcher.offer(notice(team=team))
        assert await dispatcher.drain(5)
        assert group.refused == []
        assert group.texts[0].startswith(f"[ACT] {team}!")


@pytest.mark.parametrize("kind", SIGNED)
async def test_a_bot_with_a_secret_accepts_signed_messages(kind: str) -> None:
    async with group_of(kind, secret=SECRET) as group, dispatching(spec(group)) as dispatcher:
        dispatcher.offer(notice())
        assert await dispatcher.drain(5)
        assert len(group.texts) == 1


@pytest.mark.parametrize("kind", SIGNED)
async def test_a_wrong_secret_is_rejected_and_the_notice_stays_pending(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        group_of(kind, secret=SECRET) as group,
        dispatching(spec(group, secret="wrong-secret")) as dispatcher,
    ):
        dispatcher.offer(notice())
        await group.until(lambda: len(group.refused) >= 2)
        assert dispatcher.waiting == 1
    assert group.texts == []
    assert "310000" in caplog.text or "19021" in caplog.text
    assert "wrong-secret" not in caplog.text


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_of_200_that_says_no_is_no_delivery(kind: str) -> None:
    async with group_of(kind, per_minute=0) as group, dispatching(spec(group)) as dispatcher:
        dispatcher.offer(notice())
        await group.until(lambda: group.refused == ["too often"])
        assert dispatcher.waiting == 1
        assert group.texts == []


@pytest.mark.parametrize("kind", KINDS)
async def test_notices_pending_at_the_rate_limit_are_sent_in_one_message(kind: str) -> None:
    chat = CHAT_FORMATS[kind]
    async with group_of(kind) as group, dispatching(spec(group)) as dispatcher:
        for number in range(chat.rate_limit.messages + 3):
            dispatcher.offer(notice(f"a{number}"))
            if number < chat.rate_limit.messages:
                await group.until(lambda seen=number: len(group.texts) == seen + 1)  # type: ignore[misc]
        if chat.rate_limit.per_s > 5:
            await asyncio.sleep(0.3)
            assert len(group.texts) == chat.rate_limit.messages
            assert dispatcher.waiting == 3
        else:
            assert await dispatcher.drain(10)
            assert len(group.texts) == chat.rate_limit.messages + 1
            assert group.texts[-1].count("collective of") == 3
        assert group.refused == []


@pytest.mark.parametrize("kind", KINDS)
async def test_after_an_outage_pending_notices_come_in_as_few_messages_as_fit(
    kind: str,
) -> None:
    answers = iter([503, 503])
    async with group_of(kind, status=lambda: next(answers, 200)) as group:
        async with dispatching(spec(group)) as dispatcher:
            for number in range(4):
                dispatcher.offer(notice(f"a{number}"))
            assert await dispatcher.drain(20)
            assert sum(text.count("collective of") for text in group.texts) == 4
            assert len(group.texts) <= 2
        assert group.refused == []


async def test_pages_come_before_nudges_in_a_message_of_several() -> None:
    wanted = frozenset(Severity)
    answers = iter([503])
    async with group_of("slack", status=lambda: next(answers, 200)) as group:
        async with dispatching(spec(group, severities=wanted)) as dispatcher:
            dispatcher.offer(notice("n", severity=Severity.nudge, team="quiet"))
            dispatcher.offer(notice("p", severity=Severity.page, team="urgent"))
            assert await dispatcher.drain(10)
        [both] = group.texts
        assert both.index("urgent") < both.index("quiet")


async def test_a_message_that_alone_is_too_long_is_cut_and_arrives() -> None:
    async with group_of("wecom") as group, dispatching(spec(group)) as dispatcher:
        dispatcher.offer(long_notice("long", 5_000))
        assert await dispatcher.drain(5)
        [text] = group.texts
        assert text.endswith("…")
        assert len(text.encode()) <= 2_048


async def test_a_hundred_alerts_of_an_outage_reach_a_program_that_limits_bodies() -> None:
    answers = iter([503])
    async with group_of("teams", status=lambda: next(answers, 200)) as group:
        async with dispatching(spec(group)) as dispatcher:
            for number in range(150):
                dispatcher.offer(notice(f"a{number}"))
            assert await dispatcher.drain(20)
        assert sum(text.count("collective of") for text in group.texts) == 150
        assert group.refused == []


async def test_a_notice_that_a_program_rejects_delays_no_other() -> None:
    async with (
        group_of("teams", forbidden="team-13") as group,
        dispatching(spec(group)) as dispatcher,
    ):
        for number in range(20):
            dispatcher.offer(notice(f"a{number}", team=f"team-{number}"))
        await group.until(lambda: sum(t.count("collective of") for t in group.texts) == 19, 30)
        tries = len(group.refused)
        await group.until(lambda: len(group.refused) > tries)
        assert dispatcher.waiting == 1


async def test_a_notice_that_an_earlier_version_stored_without_titles_is_sent() -> None:
    document = orjson.loads(notice().body)
    del document["title"], document["titles"]
    async with group_of("slack") as group, dispatching(spec(group)) as dispatcher:
        dispatcher.offer(Notice.from_body(orjson.dumps(document)))
        assert await dispatcher.drain(5)
        assert group.texts[0].startswith("collective of")


async def test_a_fault_of_ours_is_logged_and_counted_and_delivery_goes_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    health, faults = Health(), iter([RuntimeError("a fault")])

    def failing(*arguments: Any) -> str:
        for fault in faults:
            raise fault
        return message_of(*arguments)

    monkeypatch.setattr("stream.notify.chat.chat_sender.message_of", failing)
    async with (
        group_of("slack") as group,
        Dispatcher([spec(group)], health, retry=QUICK) as dispatcher,
    ):
        dispatcher.offer(notice())
        assert await dispatcher.drain(5)
        assert len(group.texts) == 1
    assert "nothing could be sent" in caplog.text
    assert health.alert_deliveries.labels("chat", "failed")._value.get() == 1


async def test_neither_the_address_nor_the_secret_of_a_bot_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "stream")
    async with (
        group_of("dingtalk", secret=SECRET, status=lambda: 500) as group,
        dispatching(spec(group)) as dispatcher,
    ):
        dispatcher.offer(notice())
        await group.until(lambda: "did not take" in caplog.text)
    assert "robot-token" not in caplog.text
    assert SECRET not in caplog.text
    assert "127.0.0.1" not in caplog.text
