"""Reasons why a worker is not alive or not ready, as text for the HTTP API."""

import time

from stream.agents.task_manager import TaskManager
from stream.agents.transport.batch_consumer import BatchConsumer
from stream.agents.watchdog import UNHEALTHY_S
from stream.agents.worker_services import WorkerServices


def not_alive(stalled_s: float) -> list[str]:
    """Reasons for ending the process; `stalled_s`: no progress in spite of a backlog for so long.

    A blocked event loop does not answer at all, and the watchdog ends the process.
    """
    if stalled_s <= UNHEALTHY_S:
        return []
    return [f"no progress for {stalled_s:.0f} s in spite of a backlog"]


def not_ready(consumer: BatchConsumer, tasks: TaskManager, services: WorkerServices) -> list[str]:
    """Reasons for not being ready; empty if the worker does its work."""
    reasons = _group_reasons(consumer)
    state = services.store_state
    if state.unavailable_since_s is not None:
        unavailable_s = time.monotonic() - state.unavailable_since_s
        reasons.append(f"the store has been unavailable for {unavailable_s:.0f} s")
    reasons += [*state.unfit, *state.damaged.values(), *state.unsaved.values()]
    pending = [str(tp.partition) for tp in tasks.pending()]
    if pending:
        reasons.append(f"waiting for the state of partitions {', '.join(pending)}")
    replaying = [str(runner.partition) for runner in tasks.runners if runner.task.replaying]
    if replaying:
        reasons.append(f"replaying partitions {', '.join(replaying)}")
    unanswered = [
        str(runner.partition) for runner in tasks.runners if not runner.is_kafka_answering()
    ]
    if unanswered:
        reasons.append(f"Kafka does not answer for partitions {', '.join(unanswered)}")
    reasons += services.publisher.refusals()
    if services.quality.mostly_rejected:
        reasons.append(
            "most events of the last minute or two were rejected or late; see the dead letters"
        )
    return reasons


def is_idle(consumer: BatchConsumer) -> bool:
    """Whether the worker is in its group and has no partition."""
    is_joined = consumer.in_group and not consumer.app.rebalancing
    return is_joined and not consumer.group_monitor.problem and not consumer.assigned()


def _group_reasons(consumer: BatchConsumer) -> list[str]:
    group = consumer.group_monitor
    if group.problem:
        return [group.problem]
    if not group.is_connected:
        return ["Kafka is unavailable"]
    if not consumer.in_group:
        return ["the consumer group has not assigned partitions yet"]
    return ["a rebalance is in progress"] if consumer.app.rebalancing else []
