"""Positions and rebalances, on aiokafka's own subscription, without Kafka."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.consumer.subscription_state import SubscriptionState
from aiokafka.structs import TopicPartition
from faust.transport.consumer import Consumer as FaustConsumer
from faust.types import TP

from stream.agents.transport.batch_consumer import BatchConsumer

PLACE = TP("floor-events", 0)
KAFKA_PLACE = TopicPartition("floor-events", 0)
OFFSET = 7


class Owner:
    """Has what it acquired and did not lose."""

    def __init__(self) -> None:
        self.held: set[TP] = set()

    async def acquire(self, tps: frozenset[TP]) -> Mapping[TP, int]:
        self.held |= tps
        return dict.fromkeys(tps, OFFSET)

    async def drain(self, tps: frozenset[TP]) -> None:
        """Nothing was applied."""

    def on_lost(self, tps: frozenset[TP]) -> None:
        self.held -= tps

    def committable_offsets(self) -> Mapping[TP, int]:
        return {}


class Thread:
    """The consumer's thread, which here is this one."""

    def __init__(self, subscription: SubscriptionState) -> None:
        self._consumer = SimpleNamespace(seek=subscription.seek)

    def _ensure_consumer(self) -> Any:
        return self._consumer

    async def call_thread(self, work: Callable[..., Awaitable[Any]], *what: Any) -> Any:
        return await work(*what)


@pytest.fixture
async def subscription() -> SubscriptionState:
    found = SubscriptionState()
    found.subscribe({PLACE.topic})
    found.assign_from_subscribed([KAFKA_PLACE])
    return found


@pytest.fixture
def consumer(subscription: SubscriptionState, monkeypatch: pytest.MonkeyPatch) -> BatchConsumer:
    async def nothing(*_: Any) -> None:
        """What Faust does is not what is tried here."""

    for name in ("on_partitions_assigned", "on_partitions_revoked", "commit"):
        monkeypatch.setattr(FaustConsumer, name, nothing)
    monkeypatch.setattr(BatchConsumer, "should_stop", False)
    assigned = lambda _self: {TP(*place) for place in subscription.assigned_partitions()}  # noqa: E731
    monkeypatch.setattr(BatchConsumer, "assignment", assigned)
    made: Any = object.__new__(BatchConsumer)
    made._thread, made.owner = Thread(subscription), Owner()
    made.app = SimpleNamespace(consumer_generation_id=1)
    made.session, made._sessions, made.in_flight = {}, itertools.count(1), defaultdict(int)
    made.ready, made._credit = set(), asyncio.Event()
    made._acquire_lock, made._acquiring = asyncio.Lock(), None
    made.in_group = made._revoked = False
    made._forget_count, made._committed_offset, made._unacked_messages = 0, {}, set()
    made.fetch_monitor = SimpleNamespace(on_seek=lambda _tp: None)
    found: BatchConsumer = made
    return found


async def acquired(consumer: BatchConsumer) -> None:
    consumer.acquire_soon()
    assert consumer._acquiring is not None
    await consumer._acquiring


async def test_what_is_acquired_during_a_rebalance_is_sought_again_after_it(
    consumer: BatchConsumer, subscription: SubscriptionState
) -> None:
    """A task that was fenced may wake up to acquire just then. A position that is sought in the old
    assignment is not there in the new one: it would be read from where Kafka thinks we are.
    """
    await acquired(consumer)
    subscription.begin_reassignment()
    await consumer.on_partitions_revoked({PLACE})
    await acquired(consumer)
    assert not consumer.ready

    subscription.assign_from_subscribed([KAFKA_PLACE])
    await consumer.on_partitions_assigned({PLACE}, 2)
    await acquired(consumer)

    assert consumer.ready == {PLACE}
    assert subscription.subscription.assignment.state_value(KAFKA_PLACE).position == OFFSET


async def test_what_was_held_before_an_assignment_is_void_after_it(
    consumer: BatchConsumer, subscription: SubscriptionState
) -> None:
    await acquired(consumer)
    session = consumer.session[PLACE]
    subscription.assign_from_subscribed([KAFKA_PLACE])

    await consumer.on_partitions_assigned({PLACE}, 2)

    assert not consumer.ready
    assert not consumer.owner.held  # type: ignore[attr-defined]
    assert consumer.session[PLACE] != session


async def test_what_was_acquired_and_cannot_be_sought_is_released(
    consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_offsets: Mapping[TP, int]) -> None:
        consumer.app.consumer_generation_id = 2
        raise OSError("the partition is not ours")

    monkeypatch.setattr(consumer, "seek_all", fail)
    monkeypatch.setattr("stream.agents.transport.batch_consumer.RETRY_S", 0.0)
    await acquired(consumer)

    assert not consumer.owner.held  # type: ignore[attr-defined]


async def test_a_partition_that_waits_does_not_hold_up_the_others_in_a_rebalance(
    consumer: BatchConsumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flow of all partitions resumes when each was tried once; it is tried again meanwhile."""

    async def nothing(_tps: frozenset[TP]) -> Mapping[TP, int]:
        return {}

    monkeypatch.setattr(consumer.owner, "acquire", nothing)
    async with asyncio.timeout(1.0):
        await consumer.perform_seek()
    assert consumer._acquiring is not None
    assert not consumer._acquiring.done()
    consumer._acquiring.cancel()
