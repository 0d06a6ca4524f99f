"""Makes from settings what all tasks of a worker share: store, publisher, sinks, exporter."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Final

from stream.agents.publisher import KafkaPublisher, Topics
from stream.agents.sink_specs import alertmanager_specs, notice_sinks
from stream.agents.worker_services import WorkerServices
from stream.config import Settings
from stream.notify.alertmanager import ActiveAlerts
from stream.notify.dispatcher import Dispatcher
from stream.render.exposition import Exporter
from stream.render.views import field_formats
from stream.render.worker_metrics import Health
from stream.shard import Shard
from stream.store.options import StoreOptions
from stream.store.redis import RedisStore

STORE_PATIENCE_S: Final = 2.0
"""After this the store counts as unavailable, and pages are sent before the commit."""


def make_services(
    settings: Settings, rules: str, confirm_delivery: Callable[[str], None]
) -> WorkerServices:
    """Make the services of a worker; none is opened yet.

    Args:
        settings: of the worker.
        rules: the fingerprint of all its rules.
        confirm_delivery: called with the id of each notice that all sinks have.
    """
    kafka, health = settings.kafka, Health()
    health.build_info.labels(version("floorwatch"), rules).set(1)
    return WorkerServices(
        store=RedisStore(
            settings.redis.url.reveal(),
            StoreOptions(
                patience_s=STORE_PATIENCE_S,
                view_fields=field_formats(Shard(settings.spec).figures()),
                group=kafka.group,
                prefix=settings.redis.prefix,
            ),
        ),
        publisher=KafkaPublisher(
            kafka.brokers, Topics(kafka.dead_letters_topic, kafka.control_topic)
        ),
        dispatcher=Dispatcher(notice_sinks(settings), health, confirm_delivery),
        active_alerts=ActiveAlerts(alertmanager_specs(settings), health),
        exporter=Exporter(health, settings.metrics.selection()),
        health=health,
    )
