"""How large, how often and with which signature bots are spoken to: facts of the vendors' pages."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from stream.control.alerts.messages import messages
from stream.notify.chat import dingtalk, feishu
from stream.notify.chat.chat_format import joined, texts_that_fit
from stream.notify.senders import CHAT_FORMATS
from tests.notify.test_notice import transition

KINDS = sorted(CHAT_FORMATS)


def test_only_whole_notices_are_joined() -> None:
    texts = ["a" * 10, "b" * 10, "c" * 10]
    assert texts_that_fit(texts, len, 28) == texts[:2]
    assert joined(texts, len, 28) == f"{texts[0]}\n\n{texts[1]}"
    assert texts_that_fit(texts, len, 5) == texts[:1]
    assert texts_that_fit([], len, 5) == []
    assert joined(["e" * 10], len, 8) == "eeeeeee…"


def test_of_thousands_of_pending_notices_only_those_that_fit_are_read() -> None:
    asked = []

    def texts() -> Iterator[str]:
        for number in range(10_000):
            asked.append(number)
            yield "a" * 100

    assert len(texts_that_fit(texts(), len, 1_000)) == 9
    assert len(asked) == 10


@pytest.mark.parametrize("kind", KINDS)
def test_no_message_is_larger_than_its_program_takes(kind: str) -> None:
    """Short lines and characters that JSON escapes: they add the most bytes to a message."""
    chat = CHAT_FORMATS[kind]
    texts = ['"a"\nb\nhttps://grafana.example/d/x'] * 1_000
    text = joined(texts, chat.size, chat.bytes_max)
    assert len(chat.request("https://chat.example/", "", text, 0).body) <= LARGEST[kind]
    assert len(text.encode()) <= LARGEST_TEXT.get(kind, 40_000)


LARGEST = {
    "slack": 40_000,
    "teams": 28 * 1024,
    "wecom": 4_096,
    "dingtalk": 20_000,
    "feishu": 20_480,
}
LARGEST_TEXT = {"wecom": 2_048, "slack": 4_000}


@pytest.mark.parametrize("kind", KINDS)
def test_two_workers_that_share_a_bot_stay_below_its_limit(kind: str) -> None:
    """Of the vendors' pages: messages, and seconds."""
    messages, seconds = {
        "slack": (1, 1.0),
        "teams": (4, 1.0),
        "wecom": (20, 60.0),
        "dingtalk": (20, 60.0),
        "feishu": (100, 60.0),
    }[kind]
    rate_limit = CHAT_FORMATS[kind].rate_limit
    assert 2 * rate_limit.messages / rate_limit.per_s < messages / seconds


def test_signatures_are_those_of_openssl() -> None:
    """Made once with: printf '<text>' | openssl dgst -sha256 -hmac '<key>' -binary | base64."""
    assert dingtalk.sign("secret", 1_700_000_000_000) == OPENSSL_DINGTALK
    assert feishu.sign("secret", 1_700_000_000) == OPENSSL_FEISHU


OPENSSL_DINGTALK = "OuzzJR5+xZ4/EYwqtNt6sMYZQMTa/HEGvc9miJe7XzY="
OPENSSL_FEISHU = "fiWS2+gh28DOydAv7hzONH/mDn9+b1Y4Y5ivXWXy8vA="


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_text_of_a_real_alert_fits_every_chat(language: str) -> None:
    step = replace(
        transition(),
        evidence={
            "k": 7,
            "n": 15,
            "usual": 1.3,
            "movers": 6,
            "window_s": 90,
            "free": 0,
            "waiting": 9,
            "oldest_wait_s": 58,
            "entry_states": ["aux"],
            "lasted_s": 60,
            "chance": {"count": 8, "unit": "month", "more": False},
            "local_time": "2026-03-02T10:43:12+08:00",
            "drivers": ["anna"],
        },
    )
    message = messages(step)[language]
    assert len(message.text) <= 400
    for chat in CHAT_FORMATS.values():
        assert chat.size(f"{message.title}\n{message.text}") <= chat.bytes_max
