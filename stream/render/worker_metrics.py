"""The worker's own health: counters, gauges and histograms of prometheus_client."""

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from stream.events.language import LATE, Reason
from stream.render import catalogue as c
from stream.render.metric import Metric
from stream.windows.calls.walk import Odd

RESULTS: Final = ("accepted", "late", "rejected")
"""Results of events."""
COMMITTED: Final = ("stored", "letters_wait", "store_away", "refused")
"""Results of commits."""
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Health:
    """The worker's own metrics; each may be updated from any thread."""

    def __init__(self) -> None:
        # Otherwise each counter has a second series: the time of its creation.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus_client's gap
        self._registry = CollectorRegistry(auto_describe=False)
        self.events = self._counter(c.EVENTS)
        self.events_late = self._counter(c.EVENTS_LATE)
        self.events_rejected = self._counter(c.EVENTS_REJECTED)
        self.events_held = self._gauge(c.EVENTS_HELD)
        self.call_facts = self._counter(c.CALL_FACTS)
        self.events_mostly_bad = self._gauge(c.EVENTS_MOSTLY_BAD)
        self.consumer_lag = self._gauge(c.CONSUMER_LAG)
        self.records_lost = self._counter(c.RECORDS_LOST)
        self.commit_seconds = self._histogram(c.COMMIT_SECONDS)
        self.restore_seconds = self._histogram(c.RESTORE_SECONDS)
        self.tick_seconds = self._histogram(c.TICK_SECONDS)
        self.exposition_seconds = self._histogram(c.EXPOSITION_SECONDS)
        self.partitions = self._gauge(c.PARTITIONS)
        self.commits = self._counter(c.COMMITS)
        self.topic_up = self._gauge(c.TOPIC_UP)
        self.redis_up = self._gauge(c.REDIS_UP)
        self.redis_damaged = self._gauge(c.REDIS_DAMAGED)
        self.redis_unfit = self._gauge(c.REDIS_UNFIT)
        self.redis_memory = self._gauge(c.REDIS_MEMORY)
        self.redis_memory_max = self._gauge(c.REDIS_MEMORY_MAX)
        self.alert_deliveries = self._counter(c.ALERT_DELIVERIES)
        self.alerts_pending = self._gauge(c.ALERTS_PENDING)
        self.left_out = self._gauge(c.LEFT_OUT)
        self.rules_differ = self._gauge(c.RULES_DIFFER)
        self.build_info = self._gauge(c.BUILD_INFO)
        self._begin_at_zero()
        # Memory, CPU and open files of the process, under the standard names.
        ProcessCollector(registry=self._registry)

    def _begin_at_zero(self) -> None:
        """Set counters to 0 before anything is counted.

        A series that starts at 1 has no increase: the first event would go unnoticed.
        """
        for result in RESULTS:
            self.events.labels(result)
        for reason in Reason:
            if reason not in LATE:
                self.events_rejected.labels(reason)
        for kind in Odd:
            self.call_facts.labels(kind)
        for outcome in COMMITTED:
            self.commits.labels(outcome)

    def text(self) -> bytes:
        """Exposition text; a metric that was never updated has no labelled series."""
        return generate_latest(self._registry)

    def _counter(self, metric: Metric) -> Counter:
        return Counter(metric.name, metric.help, metric.labels, registry=self._registry)

    def _gauge(self, metric: Metric) -> Gauge:
        return Gauge(metric.name, metric.help, metric.labels, registry=self._registry)

    def _histogram(self, metric: Metric) -> Histogram:
        return Histogram(
            metric.name, metric.help, metric.labels, registry=self._registry, buckets=_SECONDS
        )
