"""Topics, a Redis and a configuration for the workers of one test."""

from pathlib import Path

import pytest

from tests.real.reading import fresh_name, make_topic
from tests.real.staging import EVENT_CLOCK, LARGE, PARTITIONS, MakeStage
from tests.real.working import (
    KEEP_FOR_EVER,
    Stage,
)


@pytest.fixture
def make_stage(tmp_path: Path) -> MakeStage:
    async def make(brokers: str, redis_url: str, more: str = EVENT_CLOCK, copies: int = 1) -> Stage:
        topic = fresh_name("pipeline")
        await make_topic(brokers, topic, PARTITIONS, LARGE, copies)
        for name in (f"{topic}-dlq", f"{topic}-control"):
            await make_topic(brokers, name, 1, KEEP_FOR_EVER, copies)
        return Stage(tmp_path, brokers, redis_url, topic, PARTITIONS, more)

    return make
