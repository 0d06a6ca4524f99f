"""What a worker says of its topics, by what Kafka describes to it."""

import logging
from typing import Any, cast

import pytest

from stream.agents import topic_monitor
from stream.agents.topic_monitor import TopicMonitor

EFFECTS = {
    "floor-events": "no floor is seen",
    "floor-dlq": "nothing is read on",
    "floor-alerts": "alerts are not recorded",
}


async def test_a_topic_that_may_not_be_described_hides_none_of_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    counts: dict[str, int | None] = {"floor-events": None, "floor-dlq": 0, "floor-alerts": None}

    async def described(*_: Any) -> dict[str, int | None]:
        return counts

    async def settings(*_: Any) -> dict[str, dict[str, str]]:
        return {}

    monkeypatch.setattr(topic_monitor, "count_partitions", described)
    monkeypatch.setattr(topic_monitor, "topic_settings", settings)
    topics = TopicMonitor("kafka:9092", EFFECTS, "floorwatch", is_idle=lambda: False)
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            await topics._poll(cast("Any", None))
    assert (topics.missing, topics.refused) == (["floor-dlq"], ["floor-events", "floor-alerts"])
    missing, *refused = topics.reasons()
    assert missing == "topic floor-dlq does not exist"
    assert all(topic in reason for topic, reason in zip(topics.refused, refused, strict=True))
    assert len(caplog.messages) == 3  # each is said once

    counts.update({"floor-events": 8, "floor-dlq": 1, "floor-alerts": 1})
    await topics._poll(cast("Any", None))
    assert topics.reasons() == []
