"""A Faust app with the batch transport and safe settings."""

from dataclasses import dataclass
from typing import Any, Final

import faust
from faust.app.base import BootStrategy

from stream.agents.transport.batch_consumer import SCHEME, BatchConsumer
from stream.kafka.clients import addresses

FETCH_BYTES_MAX: Final = 4 * 2**20
"""A floor is one partition, so a fetch may hold much of one."""
BUFFERED_BATCHES_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class GroupTimes:
    """Times of the consumer group, in seconds.

    The group notices a dead worker after `session_s`, one whose main loop hangs after `poll_s`.
    """

    session_s: float = 10.0
    heartbeat_s: float = 1.0
    poll_s: float = 60.0


class BatchSchema(faust.Schema[Any, Any]):
    """Passes a batch through unchanged."""

    def compile(self, app: faust.App, **_: object) -> Any:  # type: ignore[override]  # noqa: ANN401 - Faust's type
        """Return a decoder that decodes nothing."""

        async def decode(message: Any, *, propagate: bool = False) -> Any:  # noqa: ANN401, ARG001
            return app.create_event(None, message.value, message.headers, message)

        return decode


class _Boot(BootStrategy):
    """Without Faust's producer, which would have to reach Kafka before anything else starts."""

    enable_kafka_producer = False


class _App(faust.App):
    BootStrategy = _Boot

    def _create_directories(self) -> None:
        """Create none: without tables they stay empty, and the file system may be read-only."""


def faust_app(group: str, brokers: str, *, times: GroupTimes = GroupTimes()) -> faust.App:
    """An app that reads batches; `brokers` as "host:port,host:port".

    Faust's web server is off: it shows tables and routes to anybody, and starts only after Kafka
    was reached. The worker's own HTTP API is `stream.http.api`.
    """
    options: dict[str, Any] = {
        "broker": ";".join(f"{SCHEME}://{address}" for address in addresses(brokers)),
        "store": "memory://",
        "autodiscover": False,
        "origin": None,
        "topic_disable_leader": True,
        "topic_allow_declare": False,
        "consumer_auto_offset_reset": "earliest",
        "consumer_max_fetch_size": FETCH_BYTES_MAX,
        "stream_buffer_maxsize": BUFFERED_BATCHES_MAX,
        "stream_wait_empty": True,
        "broker_session_timeout": times.session_s,
        "broker_heartbeat_interval": times.heartbeat_s,
        "broker_max_poll_interval": times.poll_s,
        "broker_request_timeout": max(40.0, 2 * times.session_s),
        "broker_rebalance_timeout": max(30.0, 2 * times.session_s),
        "broker_commit_interval": 1.0,
        "worker_redirect_stdouts": False,
        "web_enabled": False,
    }
    return _App(group, **options)


def batches_of(app: faust.App, topic: str) -> Any:  # noqa: ANN401 - Faust's topic
    """The topic whose messages are batches."""
    return app.topic(topic, schema=BatchSchema())


def consumer_of(app: faust.App) -> BatchConsumer:
    """The app's consumer."""
    consumer = app.consumer
    assert isinstance(consumer, BatchConsumer)
    return consumer


async def crash_of(app: faust.App) -> BaseException:
    """Wait until the app crashes; return why it did."""
    await app._crashed.wait()  # noqa: SLF001 - the only way to wait for it
    return app.crash_reason or RuntimeError("Faust crashed without a reason")
