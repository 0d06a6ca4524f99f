"""A topic that accepts nothing is reported for as long as anybody has something for it."""

import time

import pytest

from stream.agents.publisher import ABANDONED_S, KafkaPublisher, Topics
from stream.cli.embedded import free_port
from stream.store.lease import OutboxEntry

ENTRY = OutboxEntry("audit:a1:1:out_of_control", b"{}")


async def test_a_topic_counts_as_failing_until_nobody_tries_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The task whose records waited may have moved to another worker: none of ours is refused."""
    publisher = KafkaPublisher(f"127.0.0.1:{free_port()}", Topics("letters", "control"))
    assert not await publisher.transitions([ENTRY])
    assert publisher.refused_topics() == {"control"}
    [refusal] = publisher.refusals()
    assert refusal.startswith("topic control has accepted no records for 0 s: ")

    later_s = time.monotonic() + ABANDONED_S + 1
    monkeypatch.setattr(time, "monotonic", lambda: later_s)
    assert publisher.refused_topics() == set()
    assert publisher.refusals() == []
    await publisher.close()
