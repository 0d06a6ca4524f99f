"""Reasons why a worker is not alive or not ready, as text for the HTTP API."""

import time

from stream.agents.task_manager import TaskManager
from stream.agents.transport import BatchConsumer
from stream.agents.watchdog import STANDING_S_MAX
from stream.agents.worker_services import WorkerServices


def not_alive(standing_s: float) -> list[str]:
    """Reasons for ending the process; `standing_s`: no progress in spite of a backlog for so long.

    An event loop that does not turn gives no answer at all, and the guard ends it.
    """
    if standing_s <= STANDING_S_MAX:
        return []
    return [f"no progress for {standing_s:.0f} s in spite of a backlog"]


def not_ready(consumer: BatchConsumer, tasks: TaskManager, services: WorkerServices) -> list[str]:
    """Reasons for not being ready; empty if the worker does its work."""
    reasons = []
    if not consumer.in_group:
        reasons.append("Kafka is not there, or has not yet given out partitions")
    elif consumer.app.rebalancing:
        reasons.append("partitions are being given out anew")
    away_since_s = services.store_state.away_since_s
    if away_since_s is not None:
        away_s = time.monotonic() - away_since_s
        reasons.append(f"the store has been away for {away_s:.0f} s")
    missing = [str(tp.partition) for tp in tasks.missing()]
    if missing:
        reasons.append(f"waiting for the state of partitions {', '.join(missing)}")
    replaying = [str(runner.partition) for runner in tasks.runners if runner.task.replaying]
    if replaying:
        reasons.append(f"replaying partitions {', '.join(replaying)}")
    silent = [str(runner.partition) for runner in tasks.runners if not runner.kafka_answers()]
    if silent:
        reasons.append(f"Kafka does not answer for partitions {', '.join(silent)}")
    reasons += services.publisher.refusals()
    if services.quality.mostly_bad:
        reasons.append(
            "most events of the last minute or two could not be taken in; see the dead letters"
        )
    return reasons
