"""The course of the demo, from the first process to the summary."""

import asyncio
import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import NewTopic

from stream.cli.demonstration.findings import Findings
from stream.cli.demonstration.receiver import Page, PageReceiver, listening
from stream.cli.demonstration.scenario import (
    FLOOR,
    TEAMS,
    Scenario,
    configuration,
    make_scenario,
    roster_text,
)
from stream.cli.demonstration.screen import Screen
from stream.cli.demonstration.twin import SentRecord, as_of_ms, is_equal, pages_of_past
from stream.cli.embedded import Program, RedisProgram, embedded_services, free_port
from stream.clock import wall_ms
from stream.config import Settings, load_roster, load_settings
from stream.kafka.clients import new_producer
from stream.kafka.topic_admin import admin_client
from stream.simulate.run import Sent, simulate

POLL_S: Final = 1.0
STOP_S_MOST: Final = 20.0
_TOPICS: Final = ("floor-events", "floor-events-dlq", "control-events")


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Options of the demo."""

    directory: Path
    """Directory of all files of the demo."""
    seconds: float | None
    """From the first figures to the end; None: until Ctrl-C."""
    walk_out: bool
    began_s: float
    """Start of the demo on the monotonic clock."""


@dataclass(slots=True)
class Stage:
    """The parts of a running demo."""

    options: DemoOptions
    scenario: Scenario
    settings: Settings
    worker: "subprocess.Popen[bytes]"
    sink: PageReceiver
    screen: Screen
    records: list[SentRecord]
    findings: Findings = field(default_factory=Findings)
    first_figures_at_s: float = 0.0

    @property
    def api(self) -> str:
        """The worker's address."""
        return f"http://127.0.0.1:{self.settings.web.port}"


def run(options: DemoOptions) -> list[str]:
    """Run the demo; returns broken promises.

    Raises:
        ServiceError: the embedded broker or Redis is not installed or does not start.
    """
    with Screen() as screen, embedded_services(options.directory) as (broker, redis):
        return asyncio.run(_run(options, screen, broker, redis))


async def _run(
    options: DemoOptions, screen: Screen, broker: Program, redis: RedisProgram
) -> list[str]:
    await _make_topics(broker.address)
    async with listening() as sink, _producer(broker.address) as producer:
        now_ms = wall_ms()
        scenario = make_scenario(now_ms, walk_out=options.walk_out)
        settings = _configure(options.directory, scenario, broker, redis, sink)
        events, records = simulate(scenario.plan), list[SentRecord]()
        first = await _send_past(producer, events, now_ms, records)
        with _worker(options.directory) as worker:
            stage = Stage(options, scenario, settings, worker, sink, screen, records)
            sink.on_page = lambda page: _on_page(stage, page)
            _greet(stage, broker, redis)
            feed = asyncio.create_task(_send_live(producer, first, events, records))
            try:
                await _watch(stage)
            finally:
                feed.cancel()
                _keep(stage)
    complaints = stage.findings.complaints(scenario)
    _conclude(stage, complaints)
    return complaints


# ---------------------------------------------------------------------- setting the stage


async def _make_topics(brokers: str) -> None:
    async with admin_client(brokers) as admin:
        await admin.create_topics([NewTopic(name, 1, 1) for name in _TOPICS])


@asynccontextmanager
async def _producer(brokers: str) -> AsyncIterator[AIOKafkaProducer]:
    producer = new_producer(brokers, linger_ms=5)
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


def _configure(
    directory: Path, scenario: Scenario, broker: Program, redis: RedisProgram, sink: PageReceiver
) -> Settings:
    (directory / "roster.csv").write_text(roster_text(scenario), encoding="utf-8")
    text = configuration(scenario.now_ms, broker.address, redis.url, sink.url, free_port())
    path = directory / "floorwatch.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, {})


@contextmanager
def _worker(directory: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker in a process of its own, as a user starts it; it logs to worker.log."""
    command = [sys.executable, "-m", "stream", "worker", "--config", "floorwatch.toml"]
    with (directory / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log, process_group=0)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S_MOST)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


# ---------------------------------------------------------------------- the floor


async def _send_past(
    producer: AIOKafkaProducer, events: Iterator[Sent], now_ms: int, records: list[SentRecord]
) -> Sent:
    """Send the events before now; returns the first later one."""
    for sent in events:
        if sent.sent_ms >= now_ms:
            await producer.flush()
            return sent
        await _send(producer, sent, records)
    raise AssertionError("the plan goes on for hours")


async def _send_live(
    producer: AIOKafkaProducer, first: Sent, events: Iterator[Sent], records: list[SentRecord]
) -> None:
    """Send each event at its own time."""
    sent: Sent | None = first
    while sent is not None:
        await asyncio.sleep(max(0.0, sent.sent_ms / 1000 - time.time()))
        await _send(producer, sent, records)
        sent = next(events, None)


async def _send(producer: AIOKafkaProducer, sent: Sent, records: list[SentRecord]) -> None:
    value = orjson.dumps(sent.event)
    records.append(SentRecord(sent.sent_ms, value))
    await producer.send(_TOPICS[0], value, FLOOR.encode(), 0, sent.sent_ms)


# ---------------------------------------------------------------------- watching


def _on_page(stage: Stage, page: Page) -> None:
    stage.findings.pages.append(page)
    stage.screen.page(page)


async def _watch(stage: Stage) -> None:
    """Poll once a second until the time is over, the worker exits, or Ctrl-C."""
    async with aiohttp.ClientSession() as session:
        while not _is_over(stage):
            teams = await _teams(session, stage.api)
            if teams and not stage.first_figures_at_s:
                await _first_figures(stage, teams)
            if teams:
                stage.screen.show(teams, _note(stage))
            await asyncio.sleep(POLL_S)


def _is_over(stage: Stage) -> bool:
    if stage.worker.poll() is not None:
        stage.findings.worker_ended = True
        return True
    if stage.options.seconds is None:
        return False
    if stage.first_figures_at_s:
        return time.monotonic() >= stage.first_figures_at_s + stage.options.seconds
    return time.monotonic() >= stage.options.began_s + 60 + stage.options.seconds


async def _teams(session: aiohttp.ClientSession, api: str) -> list[dict[str, Any]]:
    """The documents of all teams; empty until all of them are up to date."""
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with session.get(f"{api}/api/v1/floors/{FLOOR}/teams") as answer:
            if answer.status == 200:
                teams: list[dict[str, Any]] = (await answer.json())["teams"]
                fresh = [one for one in teams if not one["stale"]]
                return fresh if len(fresh) == len(TEAMS) else []
    return []


async def _first_figures(stage: Stage, teams: list[dict[str, Any]]) -> None:
    stage.first_figures_at_s = time.monotonic()
    took_s = stage.findings.first_figures_s = stage.first_figures_at_s - stage.options.began_s
    _write_lines(stage.options.directory / "figures.jsonl", teams)
    # Everything sent before as_of must be recorded before the figures are compared.
    records = [one for one in stage.records if one.time_ms <= max(map(as_of_ms, teams))]
    equal = await asyncio.to_thread(_checked, stage, teams, records)
    stage.findings.figures_equal = equal
    verdict = "equal to" if equal else "NOT equal to"
    stage.screen.say(f"first figures after {took_s:.1f} s, {verdict} a local computation")


def _checked(stage: Stage, teams: list[dict[str, Any]], records: list[SentRecord]) -> bool:
    spec, roster = stage.settings.spec, load_roster(stage.settings)
    past = [one for one in records if one.time_ms < stage.scenario.now_ms]
    stage.findings.past_pages = len(pages_of_past(past, spec, roster))
    return all(is_equal(team, records, spec, roster) for team in teams)


def _note(stage: Stage) -> str:
    to_go_s = (stage.scenario.first_mover_ms - wall_ms()) / 1000
    if not stage.scenario.walk_out:
        return "no walk-out (DEMO_WALKOUT=0)"
    if to_go_s > 0:
        return f"people will walk out in {to_go_s:.0f} s"
    awaited = " and ".join(stage.findings.awaited)
    return f"people walked out; waiting for the page of {awaited}" if awaited else ""


# ---------------------------------------------------------------------- output and files


def _greet(stage: Stage, broker: Program, redis: RedisProgram) -> None:
    say = stage.screen.say
    sizes = " and ".join(f"{team} ({agents} agents)" for team, (agents, _) in TEAMS.items())
    say(f"a floor with {sizes}, in a busy hour; {len(stage.records)} past events sent")
    say(f"  worker   {stage.api}/   (metrics: /metrics)")
    say(f"  teams    {stage.api}/api/v1/floors/{FLOOR}/teams")
    say(f"  broker   {broker.address}   Redis {redis.url}   files {stage.options.directory}")


def _keep(stage: Stage) -> None:
    """Write events and notices to files, for a later replay."""
    directory = stage.options.directory
    lines = (b'{"received":%d,%s\n' % (one.time_ms, one.value[1:]) for one in stage.records)
    (directory / "events.jsonl").write_bytes(b"".join(lines))
    notices = [{"received_ms": page.received_ms, **page.notice} for page in stage.findings.pages]
    _write_lines(directory / "notices.jsonl", notices)
    instants = {"now_ms": stage.scenario.now_ms, "last_mover_ms": stage.scenario.last_mover_ms}
    _write_lines(directory / "scene.jsonl", [instants])


def _write_lines(path: Path, documents: list[dict[str, Any]]) -> None:
    path.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in documents))


def _conclude(stage: Stage, complaints: list[str]) -> None:
    say, findings = stage.screen.say, stage.findings
    for page in findings.pages:
        if page.is_page:
            after_s = (page.received_ms - stage.scenario.last_mover_ms) / 1000
            say(
                f"page for {page.notice['team'] or page.notice['pool']}: "
                f"{after_s:+.1f} s from the last mover"
            )
    say("all promises kept" if not complaints else "broken promises:")
    for complaint in complaints:
        say(f"  - {complaint}")
