"""The composition root: builds a worker from settings, starts it and stops it."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Final

from stream.agents.acquisition import TaskConfig
from stream.agents.gauges import WorkerGauges
from stream.agents.log_check import LogCheck
from stream.agents.logs import log_to_stderr
from stream.agents.partition_task import NoticeFormat, TaskLimits
from stream.agents.process import (
    install_signal_handlers,
    tune_garbage_collection,
)
from stream.agents.readiness import is_idle, not_alive, not_ready
from stream.agents.rules_monitor import RulesMonitor
from stream.agents.service_factory import make_services
from stream.agents.sink_specs import alertmanager_specs
from stream.agents.task_manager import TaskManager
from stream.agents.topic_monitor import TopicMonitor
from stream.agents.transport.faust_app import (
    GroupTimes,
    batches_of,
    consumer_of,
    crash_of,
    faust_app,
)
from stream.agents.transport.log_reader import LogReader
from stream.agents.watchdog import Progress, Watchdog
from stream.clock import monotonic_ms, wall_ms
from stream.config import Settings
from stream.config.advice import event_clock_warnings
from stream.config.load import load_rules
from stream.control.alerts.messages import messages
from stream.errors import ConfigurationError, FloorwatchError, ServiceError
from stream.fingerprint import fingerprint
from stream.http.api import Api
from stream.http.application import serving
from stream.http.store_reader import StoreReader
from stream.units import SECOND_MS
from stream.worker_name import worker_name

log = logging.getLogger(__name__)

STOP_TIMEOUT_S: Final = 20.0
"""From SIGTERM to the end of the process, whatever is unavailable; below what Kubernetes grants (30
s)."""
DRAIN_TIMEOUT_S: Final = 10.0
HEARTBEATS_PER_SESSION: Final = 6
POLL_S: Final = 1.0


def run_worker(settings: Settings) -> None:
    """Run one worker until SIGTERM, SIGINT, SIGHUP or SIGQUIT.

    Raises:
        ConfigurationError: the roster is wrong, or the HTTP address is in use.
        StateError: stored state must not be used; the text says what to do.
        FloorwatchError: the worker had to stop for another reason, which the text names.
    """
    log_to_stderr(worker_name(), settings.log.format, settings.log.level_number)
    tune_garbage_collection()
    try:
        asyncio.run(Worker(settings).run())
    except FloorwatchError as error:
        if settings.log.format == "text":
            raise  # the command line prints it
        log.critical("%s", error)
        raise SystemExit(error.exit_status) from None


class Worker:
    """One worker: reads events from Kafka; writes state, figures, transitions and notices."""

    def __init__(self, settings: Settings) -> None:
        kafka = settings.kafka
        spec, roster = load_rules(settings)
        self._rules = fingerprint(spec)
        session_s = kafka.session_timeout_ms / SECOND_MS
        self._settings = settings
        self._task_config = TaskConfig(
            spec=spec,
            roster=roster,
            notice_format=NoticeFormat(messages, settings.alerts.language),
            limits=TaskLimits(archive_keep_ms=settings.archive.keep_ms),
            track_active=bool(alertmanager_specs(settings)),
            rebuild=settings.redis.on_loss == "rebuild",
            prefix=settings.redis.prefix,
            pause_s=session_s,
        )
        self._watchdog = Watchdog()
        self._progress = Progress()
        self._stop = asyncio.Event()
        self._error: BaseException | None = None
        self._stopping = False
        self._services = make_services(settings, self._rules, self._confirm_delivery)
        scope = f"{kafka.group}:{kafka.events_topic}"
        self._rules_monitor = RulesMonitor(self._services, scope, worker_name(), self._rules)
        topics = {
            kafka.events_topic: "there is nothing to read",
            kafka.dead_letters_topic: "nothing is stored from the first bad event on",
            kafka.control_topic: "the transitions of alerts wait in Redis",
        }
        self._topics = TopicMonitor(
            kafka.brokers, topics, kafka.group, lambda: is_idle(self._consumer)
        )
        self._gauges = WorkerGauges(self._services, topics)
        times = GroupTimes(session_s, min(1.0, session_s / HEARTBEATS_PER_SESSION))
        self._app = faust_app(kafka.group, kafka.brokers, times=times)

    async def run(self) -> None:
        """Work until a signal or an error stops it."""
        for line in event_clock_warnings(self._settings):
            log.warning("%s", line)
        self._watchdog.start()
        install_signal_handlers(self._stop.set)
        self._app.loop = asyncio.get_running_loop()
        self._make_reader()
        async with AsyncExitStack() as stack:
            await self._serve(stack)
            await stack.enter_async_context(self._services.dispatcher)
            await stack.enter_async_context(self._services.active_alerts)
            tasks = [
                asyncio.create_task(self._run_or_fail(work))
                for work in (
                    self._open_store(),
                    self._topics.run(),
                    self._monitor(),
                    self._tasks.watch_logs(),
                    self._services.exporter.run(),
                    self._gauges.poll_memory(),
                    self._rules_monitor.run(),
                    self._crash(),
                    self._app.start(),
                )
            ]
            await self._stop.wait()
            await self._end(tasks)
        self._watchdog.stop()
        if self._error is not None:
            raise self._error

    # ------------------------------------------------------------------------------ parts

    def _make_reader(self) -> None:
        """Create the agent that hands batches to the tasks, and the task manager."""

        async def read(stream: Any) -> None:  # noqa: ANN401 - Faust's stream
            async for event in stream.noack().events():
                await self._run_or_fail(self._tasks.process(event.value))
                await stream.ack(event)

        topic = self._settings.kafka.events_topic
        self._app.agent(batches_of(self._app, topic), name="read")(read)
        self._app.finalize()
        self._consumer = consumer_of(self._app)
        self._log_reader = LogReader(self._settings.kafka.brokers)
        log_check = LogCheck(self._log_reader)
        self._tasks = TaskManager(
            topic, self._consumer, log_check, self._task_config, self._services, self._fail
        )
        self._consumer.owner = self._tasks

    async def _serve(self, stack: AsyncExitStack) -> None:
        web, topic = self._settings.web, self._settings.kafka.events_topic
        partitions = partial(self._consumer.partition_count, topic)
        api = Api(
            exporter=self._services.exporter,
            reader=StoreReader(
                self._services.store, topic, partitions, self._settings.redis.prefix
            ),
            now_ms=self._now_ms,
            not_alive=lambda: not_alive(self._progress.stalled_s),
            not_ready=self._not_ready,
            details=self._details,
        )
        try:
            port = await stack.enter_async_context(serving(api, web.bind, web.port))
        except OSError as error:
            msg = f"web.bind = '{web.bind}', web.port = {web.port}: {error.strerror or error}"
            raise ConfigurationError(msg) from None
        log.info("serving HTTP at http://%s:%d/", web.bind, port)

    def _now_ms(self) -> int | None:
        return None if self._task_config.spec.event_clock else wall_ms()

    def _not_ready(self) -> list[str]:
        if self._stopping:
            return ["stopping"]
        reasons = not_ready(self._consumer, self._tasks, self._services)
        return [*self._topics.reasons(), *reasons]

    def _details(self) -> list[str]:
        transactions = self._consumer.fetch_monitor.open_transactions(time.monotonic())
        return [*self._topics.details(), *transactions]

    def _confirm_delivery(self, key: str) -> None:
        self._tasks.confirm_delivery(key)

    # ------------------------------------------------------------------------------ tasks

    async def _run_or_fail(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker ends with it
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Stop because of an error; the first one counts."""
        if self._error is None:
            self._error = error
            if not isinstance(error, FloorwatchError):
                log.error("the worker stops", exc_info=error)
        self._stop.set()

    async def _crash(self) -> None:
        raise await crash_of(self._app)

    async def _open_store(self) -> None:
        state = self._services.store_state
        while True:
            try:
                await self._services.store.open()
            except ServiceError as error:
                state.mark_unavailable()
                log.warning("waiting for the store: %s", error)
                await asyncio.sleep(POLL_S)
            else:
                state.opened = True
                state.mark_available()
                return

    async def _monitor(self) -> None:
        """Each second: report to the watchdog that the loop is alive, and check for a stall."""
        while not self._stopping:
            self._watchdog.beat()
            if (failure := self._consumer.group_monitor.failure) is not None:
                msg = f"the client of the consumer group has failed ({failure!r}); a restart helps"
                raise FloorwatchError(msg)
            self._services.roll(monotonic_ms())
            tasks = list(self._tasks.runners)
            self._gauges.update(tasks, (*self._topics.missing, *self._topics.refused))
            mark = [(runner.partition, runner.task.records) for runner in tasks]
            backlog = any(k.task.lag for k in tasks) or self._tasks.is_starting()
            # A damaged partition that waits to be acquired must not hide that another one stalls.
            has = [runner.partition for runner in tasks]
            store_unavailable = not self._services.store_state.is_answering(has)
            failing = bool(self._services.publisher.refusals())
            unanswered = not all(runner.is_kafka_answering() for runner in tasks)
            waiting = store_unavailable or failing or unanswered or not backlog
            if self._progress.is_stalled(mark, time.monotonic(), waiting=waiting):
                msg = "no progress in spite of a backlog; a restart, or another worker, continues"
                raise FloorwatchError(msg)
            await asyncio.sleep(POLL_S)

    # ------------------------------------------------------------------------------ the end

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        """Store what can be stored, leave the group, and stop; within STOP_TIMEOUT_S."""
        log.info("stopping")
        self._watchdog.end_within(STOP_TIMEOUT_S)
        self._stopping = True
        assigned = frozenset(self._consumer.assigned())
        if self._error is None:
            try:
                await asyncio.wait_for(self._tasks.drain(assigned), DRAIN_TIMEOUT_S)
            except TimeoutError:
                log.warning(
                    "not everything could be stored in %g s; the rest will be read again",
                    DRAIN_TIMEOUT_S,
                )
        self._consumer.forget(assigned)
        await self._tasks.close()
        await self._app.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._log_reader.close()
        await self._services.publisher.close()
        if self._services.store_state.opened:
            await self._rules_monitor.withdraw()
        await self._services.store.close()
        log.info("stopped")
