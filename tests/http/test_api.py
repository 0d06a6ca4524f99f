import gzip
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
import numpy as np
import orjson
import pytest
from yarl import URL

from stream.errors import ServiceError
from stream.http.api import Api
from stream.http.application import serving
from stream.ids import TeamKey
from stream.render.exposition import Exporter
from stream.render.view_fields import ViewKey, ViewKind
from stream.render.views import format_views
from stream.render.worker_metrics import Health
from tests.render.factory import AS_OF_MS, ODD_NAMES, make_figures
from tests.render.samples import samples_of

FIGURES = make_figures()
VIEWS = format_views(FIGURES)


@dataclass
class MemoryReader:
    """The views of some figures; or, while unavailable, of none."""

    views: Mapping[ViewKey, Mapping[str, str]]
    unavailable: bool = False

    async def teams(self) -> Sequence[tuple[str, str]]:
        self.check()
        return [(view.floor, view.name) for view in self.views if view.kind is ViewKind.team]

    async def pools(self, floor: str) -> Sequence[str]:
        self.check()
        pools = [view for view in self.views if view.kind is ViewKind.pool]
        return [pool.name for pool in pools if pool.floor == floor]

    async def read(self, views: Sequence[ViewKey]) -> Mapping[ViewKey, Mapping[str, str]]:
        self.check()
        return {view: self.views[view] for view in views if view in self.views}

    def check(self) -> None:
        if self.unavailable:
            raise ServiceError("Redis at 127.0.0.1:1 does not answer")


@dataclass
class World:
    """A served API and what it serves."""

    reader: MemoryReader = field(default_factory=lambda: MemoryReader(VIEWS))
    exporter: Exporter = field(default_factory=lambda: Exporter(Health()))
    now_ms: int | None = AS_OF_MS + 1_200
    not_alive: list[str] = field(default_factory=list)
    not_ready: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    base: str = ""
    session: aiohttp.ClientSession | None = None

    async def get(self, path: str) -> tuple[int, str, bytes]:
        assert self.session is not None
        async with self.session.get(URL(self.base + path, encoded=True)) as response:
            return response.status, response.headers["Content-Type"], await response.read()

    async def json(self, path: str) -> tuple[int, dict[str, Any]]:
        status, kind, body = await self.get(path)
        assert kind == "application/json"
        return status, orjson.loads(body)


@asynccontextmanager
async def serving_world(world: World) -> AsyncIterator[World]:
    api = Api(
        world.exporter,
        world.reader,
        lambda: world.now_ms,
        lambda: world.not_alive,
        lambda: world.not_ready,
        lambda: world.details,
    )
    async with serving(api, "127.0.0.1", 0) as port, aiohttp.ClientSession() as session:
        world.base, world.session = f"http://127.0.0.1:{port}", session
        yield world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with serving_world(World()) as world:
        yield world


def path_of(floor: str, name: str | None = None, kind: str = "teams") -> str:
    path = f"/api/v1/floors/{quote(floor, safe='')}/{kind}"
    return path if name is None else f"{path}/{quote(name, safe='')}"


def view_of(key: TeamKey) -> Mapping[str, str]:
    return VIEWS[ViewKey(ViewKind.team, key.floor, key.team)]


async def test_a_healthy_worker_is_alive_and_ready(world: World) -> None:
    assert await world.json("/livez") == (200, {"alive": True, "reasons": []})
    assert await world.json("/readyz") == (200, {"ready": True, "reasons": [], "details": []})


async def test_an_unhealthy_worker_gives_the_reasons(world: World) -> None:
    world.not_alive.append("no progress for 60 s with 12 records to read")
    world.not_ready += ["Redis is unavailable since 10:43:12", "partition 3 is being restored"]
    status, alive = await world.json("/livez")
    assert (status, alive["alive"]) == (503, False)
    status, ready = await world.json("/readyz")
    assert (status, ready) == (503, {"ready": False, "reasons": world.not_ready, "details": []})


async def test_details_are_shown_and_do_not_make_a_worker_unready(world: World) -> None:
    world.details.append("standby: other workers have all partitions")
    expected = {"ready": True, "reasons": [], "details": world.details}
    assert await world.json("/readyz") == (200, expected)


async def test_metrics_are_what_prometheus_reads(world: World) -> None:
    world.exporter.publish(0, FIGURES)
    status, kind, body = await world.get("/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert len(samples_of(body)) > 2_000


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("deflate, GZIP;q=0.5", "gzip"),
        ("zstd, x-gzip", "gzip"),
        ("identity", None),
        ("gzip;q=0, identity", None),
        ("gzip; q=0.000", None),
        ("", None),
    ],
)
async def test_metrics_are_compressed_for_clients_that_accept_gzip(
    world: World, accepted: str, coding: str | None
) -> None:
    world.exporter.publish(0, FIGURES)
    async with aiohttp.ClientSession(world.base, auto_decompress=False) as session:
        async with session.get("/metrics", headers={"Accept-Encoding": accepted}) as response:
            body = await response.read()
        assert response.headers.get("Content-Encoding") == coding
        assert response.headers["Vary"] == "Accept-Encoding"
    assert len(samples_of(gzip.decompress(body) if coding else body)) > 2_000


@pytest.mark.parametrize("row", range(len(ODD_NAMES)))
async def test_names_with_emoji_spaces_and_quotes_are_found(world: World, row: int) -> None:
    key = FIGURES.teams.keys[row]
    status, document = await world.json(path_of(key.floor, key.team))
    assert status == 200
    assert (document["floor"], document["team"], document["pool"]) == (
        key.floor,
        key.team,
        key.pool,
    )
    assert document["agents"]["aux"] == FIGURES.teams.heads[row, 7]
    assert document["windows"]["5m"]["seconds"]["aux"] == FIGURES.teams.state_ms[row, 0, 7] / 1000


async def test_all_teams_of_a_floor_are_listed_by_name_and_no_others(world: World) -> None:
    floor = FIGURES.teams.keys[1].floor
    status, answer = await world.json(path_of(floor))
    assert status == 200
    names = [document["team"] for document in answer["teams"]]
    assert names == sorted(key.team for key in FIGURES.teams.keys if key.floor == floor)
    _, one = await world.json(path_of(floor, names[0]))
    assert answer["teams"][0] == one


async def test_all_pools_of_a_floor_are_listed_by_name_and_no_others(world: World) -> None:
    floor = FIGURES.pools.keys[1].floor
    status, answer = await world.json(path_of(floor, kind="pools"))
    assert (status, answer["floor"]) == (200, floor)
    names = [document["pool"] for document in answer["pools"]]
    assert names == sorted(key.pool for key in FIGURES.pools.keys if key.floor == floor)
    _, one = await world.json(path_of(floor, names[0], "pools"))
    assert answer["pools"][0] == one


@pytest.mark.parametrize("row", range(len(FIGURES.pools.keys)))
async def test_a_pool_has_its_queue_its_windows_and_its_detectors(world: World, row: int) -> None:
    key, pools = FIGURES.pools.keys[row], FIGURES.pools
    status, document = await world.json(path_of(key.floor, key.pool, "pools"))
    assert (status, document["floor"], document["pool"]) == (200, key.floor, key.pool)
    waiting = pools.waiting[row]  # not a number: nobody knows
    assert document.get("waiting") == (None if np.isnan(waiting) else waiting)
    assert document["windows"]["5m"]["offered"] == pools.offered[row, 0]
    assert document["peak"] in {"scheduled", "none"}
    assert "agents" not in document
    view = VIEWS[ViewKey(ViewKind.pool, *key)]
    detectors = {field.partition(":")[2] for field in view if field.startswith("control:")}
    assert document["detectors"].keys() == detectors


async def test_a_pool_whose_view_is_old_is_stale_and_has_no_signal(world: World) -> None:
    key = FIGURES.pools.keys[0]
    world.now_ms = AS_OF_MS + 5_001
    _, document = await world.json(path_of(key.floor, key.pool, "pools"))
    assert (document["verdict"], document["stale"], document["age_s"]) == ("stale", True, 5.001)
    assert "signal" not in document


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (path_of("nowhere"), "unknown_floor"),
        (path_of("nowhere", "team"), "unknown_team"),
        (path_of(FIGURES.teams.keys[0].floor, "无"), "unknown_team"),
        (path_of(FIGURES.teams.keys[0].floor, "a/b"), "unknown_team"),
        (path_of("nowhere", kind="pools"), "unknown_floor"),
        (path_of("nowhere", "pool", "pools"), "unknown_pool"),
        (path_of(FIGURES.teams.keys[0].floor, "无", "pools"), "unknown_pool"),
    ],
)
async def test_an_unknown_floor_team_or_pool_is_a_404_that_names_it(
    world: World, path: str, code: str
) -> None:
    status, answer = await world.json(path)
    assert (status, answer["error"]["code"]) == (404, code)
    assert "'" in answer["error"]["message"]


async def test_an_unavailable_store_is_a_503_and_the_index_is_served(world: World) -> None:
    world.reader.unavailable = True
    for path in (path_of("x"), path_of("x", "y"), path_of("x", kind="pools")):
        status, answer = await world.json(path)
        assert (status, answer["error"]["code"]) == (503, "store_away")
    assert (await world.get("/"))[0] == 200


async def test_a_fresh_view_has_its_age_and_its_verdict(world: World) -> None:
    key = FIGURES.teams.keys[0]
    _, document = await world.json(path_of(key.floor, key.team))
    assert document["age_s"] == 1.2
    assert document["verdict"] == view_of(key)["verdict"]
    assert "last_verdict" not in document


async def test_a_view_older_than_five_seconds_is_stale_and_keeps_its_last_verdict(
    world: World,
) -> None:
    key = FIGURES.teams.keys[0]
    world.now_ms = AS_OF_MS + 5_001
    _, document = await world.json(path_of(key.floor, key.team))
    assert (document["verdict"], document["stale"], document["age_s"]) == ("stale", True, 5.001)
    assert document["last_verdict"] == view_of(key)["verdict"]
    assert document["signal"] == "none"
    world.now_ms = AS_OF_MS + 5_000
    _, document = await world.json(path_of(key.floor, key.team))
    assert document["age_s"] == 5.0
    assert "last_verdict" not in document


async def test_by_the_events_clock_a_view_has_no_age(world: World) -> None:
    key = FIGURES.teams.keys[0]
    world.now_ms = None
    _, document = await world.json(path_of(key.floor, key.team))
    assert document["age_s"] is None
    assert document["verdict"] == view_of(key)["verdict"]


async def test_the_index_links_every_floor_and_escapes_its_name() -> None:
    odd = '<b>"floor" & 😀'
    world = World(MemoryReader({ViewKey(ViewKind.team, odd, "t"): {}}))
    api = Api(world.exporter, world.reader, lambda: None, list, list)
    async with serving(api, "127.0.0.1", 0) as port, aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/") as response:
            page = await response.text()
            assert response.content_type == "text/html"
        assert "<b>" not in page
        assert "&lt;b&gt;&quot;floor&quot; &amp; 😀" in page
        assert path_of(odd) in page
        assert path_of(odd, kind="pools") in page
