"""Kinds of values."""

import pytest

from stream.config.values import SecretUrl, duration_text, masked
from stream.units import parse_duration_ms


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://:secret@h:1/0", "redis://:***@h:1/0"),
        ("redis://secret@h:1/0", "redis://***@h:1/0"),
        ("redis://h:1/0?password=secret", "redis://h:1/0"),
        ("redis+sentinel://:secret@h:1,i:2/main/3?db=3", "redis+sentinel://:***@h:1,i:2/main/3"),
        ("rediss+cluster://user:secret@h:1,i:2", "rediss+cluster://user:***@h:1,i:2"),
        ("redis+cluster://:secret@h:1,:hidden@i:2", "redis+cluster://***"),
        ("redis://:se/cret@h:1/0", "redis://***"),
        ("redis://user:57#cret@h:1/0", "redis://***"),
        ("redis://h:secret", "redis://***"),
        ("http://h:1", "http://h:1"),
        ("http://h:1/secret", "http://h:1/***"),
        ("http://h?secret", "http://h"),
        ("http://me:secret@h/secret", "http://me:***@h/***"),
        ("http://me:se/cret@h/", "http://***"),
        ("http://me:se?cret@h/", "http://***"),
        ("http://me:57#cret@h/", "http://***"),
        ("https://x.example/secret@secret/secret", "https://x.example/***"),
        ("secret@h", "***"),
    ],
)
def test_a_url_shows_where_it_leads_and_nothing_more(url: str, shown: str) -> None:
    assert masked(url) == shown
    assert str(SecretUrl(url)) == shown
    assert f"{SecretUrl(url)!r}" == f"SecretUrl('{shown}')"
    assert SecretUrl(url).reveal() == url


@pytest.mark.parametrize("written", ["1ms", "90s", "15m", "8h", "2d", "0s"])
def test_durations_are_shown_as_they_are_written(written: str) -> None:
    assert duration_text(parse_duration_ms(written)) in (written, "90s")
