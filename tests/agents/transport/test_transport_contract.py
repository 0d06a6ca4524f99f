"""The private interface of Faust and aiokafka that the transport rests on, so that an upgrade that
changes it fails here and not in production.
"""

import asyncio
import inspect
from importlib.metadata import version
from typing import Any

import faust
import faust.streams
import pytest
from aiokafka.consumer import fetcher as aiokafka_fetcher
from aiokafka.consumer import subscription_state
from aiokafka.record._crecords import default_records
from aiokafka.record.default_records import DefaultRecordBatch
from faust.transport import consumer as faust_consumer
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from mode.threads import QueueServiceThread

from stream.agents.transport.faust_app import batches_of, consumer_of, faust_app

PINNED = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0", "mode-streaming": "0.7.1"}

SIGNATURES: list[tuple[Any, str]] = [
    (driver.Consumer._new_consumer_thread, "(self)"),
    (faust_consumer.Consumer.getmany, "(self, timeout)"),
    (faust_consumer.Consumer.perform_seek, "(self)"),
    (faust_consumer.Consumer.on_partitions_revoked, "(self, revoked)"),
    (faust_consumer.Consumer.on_partitions_assigned, "(self, assigned, generation_id=0)"),
    (faust_consumer.Consumer.commit, "(self, topics=None, start_new_transaction=True)"),
    (faust_consumer.Consumer._filter_tps_with_pending_acks, "(self, topics=None)"),
    (faust_consumer.Consumer._new_offset, "(self, tp)"),
    (faust_consumer.Consumer._add_gap, "(self, tp, offset_from, offset_to)"),
    (faust_consumer.Consumer._commit_offsets, "(self, offsets, start_new_transaction=True)"),
    (faust_consumer.Consumer.verify_all_partitions_active, "(self)"),
    (faust_consumer.ThreadDelegateConsumer.highwater, "(self, tp)"),
    (QueueServiceThread.call_thread, "(self, fun, *args, **kwargs)"),
    (driver.AIOKafkaConsumerThread._ensure_consumer, "(self)"),
    (driver.AIOKafkaConsumerThread.on_start, "(self)"),
    (
        aiokafka_fetcher.Fetcher.fetched_records,
        "(self, partitions, timeout=0, max_records=None)",
    ),
    (aiokafka_fetcher.Fetcher._create_fetch_waiter, "(self)"),
    (aiokafka_fetcher.FetchResult.has_more, "(self)"),
    (aiokafka_fetcher.FetchResult.getall, "(self, max_records=None)"),
    (aiokafka_fetcher.PartitionRecords._consume_aborted_up_to, "(self, batch_offset)"),
    (aiokafka_fetcher.PartitionRecords._contains_abort_marker, "(self, next_batch)"),
    (subscription_state.SubscriptionState.wait_for_assignment, "(self)"),
    (subscription_state.SubscriptionState.fetch_context, "(self)"),
]


def shape(function: Any) -> str:
    """A signature without its annotations."""
    signature = inspect.signature(function)
    bare = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    return str(signature.replace(parameters=bare, return_annotation=signature.empty))


@pytest.mark.parametrize("package", PINNED)
def test_the_versions_are_the_pinned_ones(package: str) -> None:
    assert version(package) == PINNED[package]


@pytest.mark.parametrize(
    ("function", "expected"), SIGNATURES, ids=[f.__qualname__ for f, _ in SIGNATURES]
)
def test_a_method_has_the_signature_that_is_overridden_or_called(
    function: Any, expected: str
) -> None:
    assert shape(function) == expected


def test_the_compiled_parts_are_there() -> None:
    # In pure Python Faust acknowledges stale events, and records would cost ten times as much.
    assert vars(faust.streams)["_CStreamIterator"] is not None
    assert DefaultRecordBatch is default_records.DefaultRecordBatch


def test_a_record_batch_has_what_is_read_from_it() -> None:
    names = {"base_offset", "next_offset", "is_control_batch", "is_transactional", "producer_id"}

    assert names <= set(dir(DefaultRecordBatch))
    assert {"offset", "timestamp", "value"} <= set(dir(default_records.DefaultRecord))


async def test_a_consumer_has_the_attributes_that_are_read_and_set() -> None:
    app = faust_app("contract", "127.0.0.1:1")
    app.loop = asyncio.get_running_loop()
    batches_of(app, "floor-events")
    app.finalize()
    consumer = consumer_of(app)
    for name in (
        "_acked",
        "_acked_index",
        "_committed_offset",
        "_unacked_messages",
        "_thread",
        "flow_active",
        "can_resume_flow",
    ):
        assert hasattr(consumer, name), name
    assert consumer._read_offset[TP("floor-events", 0)] is None
    assert consumer._thread._consumer is None
    consumer._thread.thread_loop.close()


def test_fetches_are_kept_where_they_are_taken_from() -> None:
    source = inspect.getsource(aiokafka_fetcher)

    for text in (
        "self._records_iterator = self._unpack_records()",
        "self._records[tp] = FetchResult(",
        "self._partition_records = partition_records",
        "tp_state.highwater = highwater",
        "position != self._partition_records.next_fetch_offset",
    ):
        assert text in source, text


def test_nothing_is_awaited_between_the_drain_and_the_return_of_fetched_records() -> None:
    source = inspect.getsource(aiokafka_fetcher.Fetcher.fetched_records)
    drain = source[source.index("drained = {}") : source.index("if drained or not timeout:")]

    assert "await" not in drain


def test_the_app_reads_with_safe_settings() -> None:
    app: faust.App = faust_app("contract", "127.0.0.1:1,127.0.0.1:2")

    assert [str(url) for url in app.conf.broker] == ["batch://127.0.0.1:1", "batch://127.0.0.1:2"]
    assert app.conf.consumer_auto_offset_reset == "earliest"
    assert app.conf.stream_wait_empty
    assert not app.conf.web_enabled
