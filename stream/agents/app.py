"""The composition root: what a worker is made of, how it starts, and how it ends."""

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from functools import partial
from importlib.metadata import version
from typing import Any, Final

from stream.agents.faustapp import GroupTimes, batches_of, consumer_of, crash_of, faust_app
from stream.agents.logs import log_to_stderr
from stream.agents.partition_task import TaskLimits, Wording
from stream.agents.process import collect_seldom, listen_to_signals
from stream.agents.publisher import KafkaPublisher, Topics
from stream.agents.readiness import not_alive, not_ready
from stream.agents.sinks import alertmanagers, step_sinks
from stream.agents.takeover import TaskConfig
from stream.agents.task_manager import TaskManager
from stream.agents.topics import TopicWatch
from stream.agents.vitals import Vitals
from stream.agents.watchdog import Progress, Watchdog
from stream.agents.worker_services import WorkerServices
from stream.clock import monotonic_ms, wall_ms
from stream.config import Settings, load_roster
from stream.control.alerts.messages import messages
from stream.errors import ConfigurationError, FloorwatchError, ServiceError
from stream.fingerprint import fingerprint
from stream.http.api import Api
from stream.http.application import serving
from stream.http.store_reader import StoreReader
from stream.notify.alertmanager import ActiveAlerts
from stream.notify.delivery import Dispatcher
from stream.render.exposition import Exporter
from stream.render.views import number_fields
from stream.render.worker_metrics import Health
from stream.shard import Shard
from stream.store.protocol import StoreOptions
from stream.store.redis import RedisStore
from stream.units import SECOND_MS

log = logging.getLogger(__name__)

STOP_S_MAX: Final = 20.0
"""SIGTERM to the process's end, whatever is away; below what Kubernetes grants (30 s)."""
DRAIN_S_MAX: Final = 10.0
STORE_PATIENCE_S: Final = 2.0
"""Then the store counts as away, and pages go out before the commit."""
HEARTBEATS_PER_SESSION: Final = 6
LOOK_S: Final = 1.0


def run_worker(settings: Settings) -> None:
    """Run one worker until SIGTERM or SIGINT.

    Raises:
        ConfigurationError: the roster is wrong, or the address of the pages is not free.
        StateError: stored state must not be used; the text says what to do.
        FloorwatchError: it had to end for another reason, which the text names.
    """
    log_to_stderr()
    collect_seldom()
    asyncio.run(Worker(settings).run())


class Worker:
    """One worker: Kafka's events in; state, figures, transitions and notices out."""

    def __init__(self, settings: Settings) -> None:
        kafka = settings.kafka
        session_s = kafka.session_timeout_ms / SECOND_MS
        self._settings = settings
        self._rules = TaskConfig(
            spec=settings.spec,
            roster=load_roster(settings),
            wording=Wording(messages, settings.alerts.language),
            limits=TaskLimits(archive_keep_ms=settings.archive.keep_ms),
            stands=bool(alertmanagers(settings)),
            rebuild=settings.redis.on_loss == "rebuild",
            pause_s=session_s,
        )
        self._watchdog = Watchdog()
        self._progress = Progress()
        self._stop = asyncio.Event()
        self._error: BaseException | None = None
        self._stopping = False
        self._services = self._make_services()
        topics = {
            kafka.events_topic: "there is nothing to read",
            kafka.dead_letters_topic: "nothing is stored from the first bad event on",
            kafka.control_topic: "the steps of alerts wait in Redis",
        }
        self._topics = TopicWatch(kafka.brokers, topics)
        self._vitals = Vitals(self._services, topics)
        times = GroupTimes(session_s, min(1.0, session_s / HEARTBEATS_PER_SESSION))
        self._app = faust_app(kafka.group, kafka.brokers, times=times)

    def _make_services(self) -> WorkerServices:
        settings, health = self._settings, Health()
        health.build_info.labels(version("floorwatch"), fingerprint(settings.spec)).set(1)
        kafka = settings.kafka
        topics = Topics(kafka.dead_letters_topic, kafka.control_topic)
        return WorkerServices(
            store=RedisStore(
                settings.redis.url.reveal(),
                StoreOptions(
                    patience_s=STORE_PATIENCE_S,
                    view_fields=number_fields(Shard(settings.spec).figures()),
                ),
            ),
            publisher=KafkaPublisher(kafka.brokers, topics),
            dispatcher=Dispatcher(step_sinks(settings), health, self._told),
            standing=ActiveAlerts(alertmanagers(settings), health),
            exporter=Exporter(health, settings.metrics.selection()),
            health=health,
        )

    async def run(self) -> None:
        """Work until told to end."""
        self._watchdog.start()
        listen_to_signals(self._stop.set)
        self._app.loop = asyncio.get_running_loop()
        self._make_reader()
        async with AsyncExitStack() as stack:
            await self._serve(stack)
            await stack.enter_async_context(self._services.dispatcher)
            await stack.enter_async_context(self._services.standing)
            tasks = [
                asyncio.create_task(self._or_fail(work))
                for work in (
                    self._open_store(),
                    self._topics.run(),
                    self._look(),
                    self._services.exporter.run(),
                    self._vitals.watch_memory(),
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
        """The agent that hands batches to the lanes, and the lanes themselves."""

        async def read(stream: Any) -> None:  # noqa: ANN401 - Faust's stream
            async for event in stream.noack().events():
                await self._or_fail(self._tasks.take(event.value))
                await stream.ack(event)

        topic = self._settings.kafka.events_topic
        self._app.agent(batches_of(self._app, topic), name="read")(read)
        self._app.finalize()
        self._consumer = consumer_of(self._app)
        self._tasks = TaskManager(topic, self._consumer, self._rules, self._services, self._fail)
        self._consumer.owner = self._tasks

    async def _serve(self, stack: AsyncExitStack) -> None:
        web, topic = self._settings.web, self._settings.kafka.events_topic
        partitions = partial(self._consumer.partition_count, topic)
        api = Api(
            exporter=self._services.exporter,
            reader=StoreReader(self._services.store, topic, partitions),
            now_ms=self._now_ms,
            not_alive=lambda: not_alive(self._progress.standing_s),
            not_ready=self._not_ready,
        )
        try:
            port = await stack.enter_async_context(serving(api, web.bind, web.port))
        except OSError as error:
            msg = f"web.bind = '{web.bind}', web.port = {web.port}: {error.strerror or error}"
            raise ConfigurationError(msg) from None
        log.info("pages at http://%s:%d/", web.bind, port)

    def _now_ms(self) -> int | None:
        return None if self._rules.spec.event_clock else wall_ms()

    def _not_ready(self) -> list[str]:
        if self._stopping:
            return ["stopping"]
        reasons = not_ready(self._consumer, self._tasks, self._services)
        return [*self._topics.reasons(), *reasons]

    def _told(self, key: str) -> None:
        self._tasks.told(key)

    # ------------------------------------------------------------------------------ tasks

    async def _or_fail(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker ends with it
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """End because of an error; the first one counts."""
        if self._error is None:
            self._error = error
            if not isinstance(error, FloorwatchError):
                log.error("the worker ends", exc_info=error)
        self._stop.set()

    async def _crash(self) -> None:
        raise await crash_of(self._app)

    async def _open_store(self) -> None:
        state = self._services.store_state
        while True:
            try:
                await self._services.store.open()
            except ServiceError as error:
                state.failed()
                log.warning("waiting for the store: %s", error)
                await asyncio.sleep(LOOK_S)
            else:
                state.opened = True
                state.answered()
                return

    async def _look(self) -> None:
        """Each second: tell the guard that the loop lives, and look for a standstill."""
        while not self._stopping:
            self._watchdog.beat()
            self._services.turn(monotonic_ms())
            tasks = list(self._tasks.runners)
            self._vitals.look(tasks, self._topics.missing)
            mark = [(runner.partition, runner.task.records) for runner in tasks]
            backlog = any(k.task.lag for k in tasks) or bool(self._tasks.missing())
            away = self._services.store_state.away_since_s is not None
            refused = bool(self._services.publisher.refusals())
            silent = not all(runner.kafka_answers() for runner in tasks)
            waiting = away or refused or silent or not backlog
            if self._progress.is_stalled(mark, time.monotonic(), waiting=waiting):
                msg = "no progress in spite of a backlog; another worker, or a restart, goes on"
                raise FloorwatchError(msg)
            await asyncio.sleep(LOOK_S)

    # ------------------------------------------------------------------------------ the end

    async def _end(self, tasks: list[asyncio.Task[None]]) -> None:
        """Store what can be stored, leave the group, and stop; within STOP_S_MAX."""
        log.info("stopping")
        self._watchdog.end_within(STOP_S_MAX)
        self._stopping = True
        assigned = frozenset(self._consumer.assigned())
        if self._error is None:
            try:
                await asyncio.wait_for(self._tasks.drain(assigned), DRAIN_S_MAX)
            except TimeoutError:
                log.warning("not all could be stored in %g s; it will be read again", DRAIN_S_MAX)
        self._consumer.forget(assigned)
        await self._tasks.close()
        await self._app.stop()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._services.publisher.close()
        await self._services.store.close()
        log.info("stopped")
