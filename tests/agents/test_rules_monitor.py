"""Workers of a group with different rules say so, until they are the same again."""

import logging

import pytest

from stream.agents.rules_monitor import RulesMonitor
from stream.errors import ServiceError
from stream.store.memory import MemoryServer
from tests.agents.bench import Bench

SCOPE = "floorwatch:floor-events"


def worker(server: MemoryServer, name: str, rules: str, scope: str = SCOPE) -> RulesMonitor:
    return RulesMonitor(Bench(server=server).services, scope, name, rules)


def differs(monitor: RulesMonitor) -> bool:
    return b"floorwatch_rules_differ 1.0" in monitor._health.text()


async def test_both_workers_say_that_their_rules_differ_once_and_when_they_no_longer_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    server = MemoryServer()
    first, second = worker(server, "w-1", "abc"), worker(server, "w-2", "def")
    await first.compare()
    assert not differs(first)
    for _ in range(2):
        await second.compare()
        await first.compare()
    assert differs(first)
    assert differs(second)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert "w-2 has def, w-1 has abc" in caplog.messages[0]
    assert "w-1 has abc, w-2 has def" in caplog.messages[1]
    await second.withdraw()
    await first.compare()
    assert not differs(first)
    assert caplog.messages[2:] == ["all workers have the same rules again: abc"]


async def test_workers_of_the_same_rules_or_of_another_group_say_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = MemoryServer()
    workers = [
        worker(server, "w-1", "abc"),
        worker(server, "w-2", "abc"),
        worker(server, "w-3", "def", scope="test:floor-events"),
    ]
    for one in workers * 2:
        await one.compare()
    assert not any(map(differs, workers))
    assert caplog.messages == []


async def test_while_the_store_is_unavailable_the_last_answer_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = MemoryServer()
    first = worker(server, "w-1", "abc")
    await worker(server, "w-2", "def").compare()
    await first.compare()

    async def unavailable(*_: object) -> dict[str, str]:
        raise ServiceError("no answer")

    monkeypatch.setattr(first._store, "share_rules", unavailable)
    await first.compare()
    await first.withdraw()
    assert differs(first)
