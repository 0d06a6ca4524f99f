"""Every query of every board, and every rule, against a real Prometheus that scrapes a real worker.

Four situations of a floor: empty (nothing was ever sent), healthy, a walk-out, a feed that is lost;
and once more when the worker was killed and started again.
"""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
import redis

from dashboards.boards import BOARDS
from dashboards.model import Panel, Query, Unit
from dashboards.queries import QUERIES
from stream.events.partition import partition_of
from stream.simulate.plan import Plan, WalkOut, even_floors
from stream.simulate.run import Sent, simulate
from stream.units import MINUTE_MS, SECOND_MS
from tests.components import ROOT, Kafka, required_program
from tests.dashboards.promql import VARIABLES, substituted
from tests.real.alertmanager_server import AlertmanagerServer
from tests.real.live import now_ms, until
from tests.real.prometheus_server import PrometheusServer
from tests.real.reading import Record, produce
from tests.real.staging import PARTITIONS, MakeRedis, MakeStage, one_redis
from tests.real.working import Stage

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("screens")]

PAST_MS = 70 * MINUTE_MS
AHEAD_MS = 10 * MINUTE_MS
RULES = (
    '[[peak]]\npool = "*"\ntime = "00:00-00:00"\n[control]\ngate = false\n'
    '[[pool]]\nname = "*"\nopen = "00:00-00:00"\n[[source]]\nname = "*"\nheartbeat = "2s"\n'
)
VARIABLES["$__rate_interval"] = "10s"
SITUATIONS = ("empty", "healthy", "walk-out", "feed lost", "started again")


@dataclass
class Feeding:
    """Sends a plan's events as their time comes."""

    stage: Stage
    feed: Iterable[Sent]
    lost: set[str] = field(default_factory=set)
    """Floors whose feed is lost."""

    async def run(self) -> None:
        held: list[Record] = []
        for sent in self.feed:
            while sent.sent_ms > now_ms():
                if held:
                    await produce(self.stage.brokers, self.stage.topic, held)
                    held = []
                await asyncio.sleep(0.2)
            if sent.floor not in self.lost:
                home = partition_of(sent.floor, PARTITIONS)
                held.append(Record(home, orjson.dumps(sent.event), sent.sent_ms))


@dataclass
class Asked:
    """How many series each query gave, by situation."""

    server: PrometheusServer
    series: dict[str, dict[str, int]] = field(default_factory=dict)

    async def ask_all(self, situation: str) -> None:
        for query in QUERIES:
            answer = await self.server.answer("query", query=substituted(query.expr))
            self.series.setdefault(query.name, {})[situation] = len(answer["result"])
            for one in answer["result"]:
                self.check(query, one["metric"], float(one["value"][1]))

    def check(self, query: Query, labels: dict[str, str], value: float) -> None:
        assert set(query.labels) <= labels.keys(), f"{query.name}: {labels}"
        if query.unit is Unit.share and query.name != "CPU of workers":
            assert 0 <= value <= 1 + 1e-9, f"{query.name}: {value}"

    def table(self) -> str:
        """Board, panel, and series in each situation."""
        lines = ["| board | panel | " + " | ".join(SITUATIONS) + " |", "| --- " * 7 + "|"]
        for board in BOARDS:
            for panel in board.panels:
                if isinstance(panel, Panel):
                    counts = [
                        "+".join(str(self.series[t.query.name][s]) for t in panel.targets)
                        for s in SITUATIONS
                    ]
                    row = (board.name, panel.title.en, *counts)
                    lines.append("| " + " | ".join(row) + " |")
        return "\n".join(lines)


@asynccontextmanager
async def going_on(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
        assert not task.done(), task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def a_plan(began_ms: int, walk_out_ms: int) -> Plan:
    """Many of a team leave on the first floor, on the last everybody."""
    floors = tuple(replace(one, heartbeat_ms=2 * SECOND_MS) for one in even_floors(3, 6, 72))
    first, _, last = floors
    leaving = [(first, first.teams[0], 9), *((last, team, 12) for team in last.teams)]
    walk_outs = tuple(
        WalkOut(floor.name, team.name, walk_out_ms, heads, lasts_ms=5 * MINUTE_MS)
        for floor, team, heads in leaving
    )
    return Plan(floors, began_ms, now_ms() + AHEAD_MS, walk_outs=walk_outs)


@one_redis
async def test_every_query_and_rule_answers_in_four_situations_of_a_floor(
    kafka: Kafka,
    make_redis: MakeRedis,
    make_stage: MakeStage,
    prometheus: Path,
    tmp_path: Path,
) -> None:
    program = required_program("prometheus-alertmanager", "apt-get install prometheus-alertmanager")
    store = make_redis()
    with redis.Redis.from_url(store.url) as client:
        client.config_set("maxmemory", "1gb")
    with AlertmanagerServer(program, tmp_path / "am", "http://127.0.0.1:9/") as alertmanager:
        sink = f'[[sink]]\nkind = "alertmanager"\nurl = "{alertmanager.url}"\nresend = "10s"\n'
        stage = await make_stage(kafka.address, store.url, RULES + sink)
        with stage.workers("worker") as (worker,):
            server = PrometheusServer(
                prometheus,
                tmp_path / "prometheus",
                worker.port,
                interval="1s",
                rules=sorted((ROOT / "dashboards" / "rules").glob("*.yml")),
            )
            await until(worker.is_ready, "the worker is ready")
            await asyncio.to_thread(server.start)
            try:
                asked = Asked(server)
                await situations(stage, server, asked)
                notified = await alertmanager.alerts()
                worker.end(signal.SIGKILL)
                worker.start()
                there = "count(floorwatch_team_as_of_timestamp_seconds) == 6"
                await settled(server, f"floorwatch_restore_seconds_count > 0 and on () {there}")
                await asked.ask_all("started again")
                assert notified
                assert sorted(map(identity, await alertmanager.alerts())) == sorted(
                    map(identity, notified)
                )
            finally:
                await asyncio.to_thread(server.stop)
    print(asked.table())
    missing = [query.name for query in QUERIES if not answers(query, asked.series[query.name])]
    assert missing == []


def identity(alert: dict[str, Any]) -> tuple[str, str]:
    """An alert that ended and was raised again has another beginning."""
    return str(sorted(alert["labels"].items())), alert["startsAt"]


def answers(query: Query, series: dict[str, int]) -> bool:
    """What is no rarity answers in each situation but the empty one, all else in some."""
    if query.sparse:
        return any(series.values())
    return all(series[situation] for situation in SITUATIONS[1:-1])


async def situations(stage: Stage, server: PrometheusServer, asked: Asked) -> None:
    await server.until(lambda found: ("floorwatch_redis_up", frozenset()) in found)
    await asked.ask_all("empty")
    assert not asked.series["verdict"]["empty"]

    walk_out_ms = now_ms() + 45 * SECOND_MS
    plan = a_plan(now_ms() - PAST_MS, walk_out_ms)
    feeding = Feeding(stage, simulate(plan))
    async with going_on(feeding.run()):
        await settled(server, "max(time() - floorwatch_team_as_of_timestamp_seconds) < 5")
        await produce(stage.brokers, stage.topic, [Record(0, b"no JSON")])
        await settled(server, "sum(increase(floorwatch_events_rejected_total[1m])) > 0")
        await settled(server, "count(count_over_time(up[12s]) > 10)")
        assert now_ms() < walk_out_ms, "too slow to see the floor while it was well"
        await asked.ask_all("healthy")

        for alert in ("floorwatch_team_alert", "floorwatch_pool_alert"):
            await settled(server, f'sum({alert}{{severity="page"}}) > 0')
        await asked.ask_all("walk-out")

        feeding.lost.add(plan.floors[1].name)
        await settled(server, "sum(floorwatch_source_silent) > 0")
        await settled(server, 'ALERTS{alertname="FloorwatchSourceSilent",alertstate="firing"}')
        await asked.ask_all("feed lost")
        await rules_are_well(server)


async def settled(server: PrometheusServer, expr: str, seconds: float = 90.0) -> None:
    """Wait until an expression gives anything."""
    give_up_s = time.monotonic() + seconds
    while not (await server.answer("query", query=expr))["result"]:
        assert time.monotonic() < give_up_s, f"not within {seconds:g} s: {expr}"
        await asyncio.sleep(0.2)


async def rules_are_well(server: PrometheusServer) -> None:
    """No rule fails, each recording rule has series, and no text was left unfilled."""
    groups = (await server.answer("rules"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []
    for rule in rules:
        if rule["type"] == "recording":
            found = await server.answer("query", query=rule["name"])
            assert found["result"], rule["name"]
    alerts = (await server.answer("alerts"))["alerts"]
    names = {alert["labels"]["alertname"] for alert in alerts}
    assert {"FloorwatchWatchdog", "FloorwatchSourceSilent"} <= names
    for alert in alerts:
        for text in alert["annotations"].values():
            assert "<error" not in text, text
            assert "{{" not in text, text
    [silent] = [one for one in alerts if one["labels"]["alertname"] == "FloorwatchSourceSilent"]
    assert "2 teams grey" in silent["annotations"]["description"]
    assert "2 个组已变灰" in silent["annotations"]["description_zh"]
