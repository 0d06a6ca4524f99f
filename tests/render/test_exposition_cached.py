"""When text is rendered: ahead of the scrapes, as seldom as must be, and by a scrape if need be."""

import asyncio
import dataclasses
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest

from stream.figures.model import Figures
from stream.render import exposition
from stream.render.exposition import Exporter
from stream.render.selection import MetricSelection
from stream.render.worker_metrics import Health
from tests.render.factory import make_figures


async def test_the_text_is_rendered_once_a_refresh_in_another_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: list[int] = []

    def counted(shards: object, selection: object) -> bytes:
        threads.append(threading.get_ident())
        return b"figures\n"

    monkeypatch.setattr(exposition, "render_figures", counted)
    exporter = Exporter(Health())
    exporter.publish(0, make_figures(1))
    texts = await asyncio.gather(*(exporter.text() for _ in range(5)))
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()
    assert all(text.startswith(b"figures\n") for text in texts)
    exporter.publish(0, make_figures(1))
    await exporter.text()
    assert len(threads) == 2


@asynccontextmanager
async def keeping(exporter: Exporter) -> AsyncIterator[None]:
    """The text is kept current within the block."""
    task = asyncio.create_task(exporter.run())
    await asyncio.sleep(0)
    try:
        yield
    finally:
        task.cancel()


async def kept_current(exporter: Exporter, partition: int, figures: Figures, wanted: bytes) -> None:
    """Publish, and wait until a scrape shows it without having rendered anything itself."""
    exporter.publish(partition, figures)
    async with asyncio.timeout(10):
        while wanted not in await exporter.text():  # noqa: ASYNC110 - as a scraper does
            await asyncio.sleep(0.01)


async def test_a_scrape_finds_each_refresh_rendered_already() -> None:
    now_s = 0.0
    exporter = Exporter(Health(), clock=lambda: now_s)
    exporter.publish(0, make_figures(3, 1))
    await exporter.text()
    async with keeping(exporter):
        await kept_current(exporter, 0, make_figures(7, 1), b'team="team 6"')
        # A scrape renders nothing now: what is new is shown when the task has rendered it.
        exporter.publish(0, make_figures(8, 1))
        assert b'team="team 7"' not in await exporter.text()


async def test_without_scrapes_nothing_is_rendered_until_the_next_one() -> None:
    now_s = 0.0
    health = Health()
    exporter = Exporter(health, clock=lambda: now_s)
    task = asyncio.create_task(exporter.run())
    try:
        for count in range(1, 4):
            exporter.publish(0, make_figures(count, 1))
            await asyncio.sleep(0.01)
        assert b"exposition_seconds_count 0.0" in health.text()
        assert b"floorwatch_team_agents" in await exporter.text()
        now_s = exposition.SCRAPED_S + 1
        exporter.publish(0, make_figures(7, 1))
        assert b'team="team 6"' in await exporter.text()
    finally:
        task.cancel()


async def test_a_withdrawn_shard_is_not_exported_again_though_the_text_is_cached() -> None:
    exporter = Exporter(Health())
    exporter.publish(0, make_figures(3, 1, prefix="first"))
    exporter.publish(5, make_figures(3, 1, prefix="second"))
    await exporter.text()
    async with keeping(exporter):
        exporter.withdraw(5)
        assert b'floor="second 0' not in await exporter.text()


async def test_a_new_shard_is_exported_with_the_next_scrape_though_the_text_is_cached() -> None:
    exporter = Exporter(Health())
    exporter.publish(0, make_figures(3, 1, prefix="first"))
    await exporter.text()
    async with keeping(exporter):
        exporter.publish(5, make_figures(3, 1, prefix="second"))
        both = await exporter.text()
    assert b'floor="first 0' in both
    assert b'floor="second 0' in both


async def test_a_shard_that_came_back_is_not_exported_as_it_was_before() -> None:
    exporter = Exporter(Health())
    exporter.publish(0, make_figures(3, 1, prefix="before"))
    await exporter.text()
    async with keeping(exporter):
        exporter.withdraw(0)
        exporter.publish(0, make_figures(3, 1, prefix="since"))
        text = await exporter.text()
    assert b'floor="before 0' not in text
    assert b'floor="since 0' in text


@dataclasses.dataclass
class Strained:
    """Clocks of a process that does not get the processor while it renders, and its pauses."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    pauses: list[float] = dataclasses.field(default_factory=list)

    def exporter(self, monkeypatch: pytest.MonkeyPatch, wall_s: float, cpu_s: float) -> Exporter:
        """One whose renderings take so long by either clock."""
        sleep = asyncio.sleep

        def rendered(shards: Iterable[Figures], _selection: MetricSelection) -> bytes:
            self.wall_s += wall_s
            self.cpu_s += cpu_s
            return b"%d rows\n" % sum(len(figures.teams.keys) for figures in shards)

        async def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            await sleep(0)

        monkeypatch.setattr(exposition, "render_figures", rendered)
        monkeypatch.setattr(asyncio, "sleep", pause)
        return Exporter(Health(), clock=lambda: self.wall_s, cpu_clock=lambda: self.cpu_s)


async def pauses_of(strained: Strained, exporter: Exporter) -> list[float]:
    """How long the exporter pauses after a rendering of its own."""
    exporter.publish(0, make_figures(3, 1))
    await exporter.text()
    async with keeping(exporter):
        strained.pauses.clear()
        exporter.publish(0, make_figures(7, 1))
        async with asyncio.timeout(10):
            while not any(strained.pauses):
                await exporter.text()
                await asyncio.sleep(0)
    return [seconds for seconds in strained.pauses if seconds]


async def test_renderings_take_no_more_than_their_share_of_a_core(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    strained = Strained()
    exporter = strained.exporter(monkeypatch, wall_s=0.1, cpu_s=0.1)
    assert await pauses_of(strained, exporter) == [pytest.approx(5.0)]


@pytest.mark.parametrize(("scraped_s", "pauses"), [((0, 15, 30), [13, 5]), ((0, 4, 30), [5])])
async def test_where_scrapes_are_regular_a_rendering_waits_until_shortly_before_the_next(
    monkeypatch: pytest.MonkeyPatch, scraped_s: tuple[float, ...], pauses: list[float]
) -> None:
    strained = Strained()
    exporter = strained.exporter(monkeypatch, wall_s=0.0, cpu_s=0.1)
    exporter.publish(0, make_figures(3, 1))
    for strained.wall_s in scraped_s:
        await exporter.text()
    async with keeping(exporter):
        exporter.publish(0, make_figures(7, 1))
        async with asyncio.timeout(10):
            while pytest.approx(5.0) not in strained.pauses:  # noqa: ASYNC110 - the clock stands
                await asyncio.sleep(0)
    assert [one for one in strained.pauses if one] == pytest.approx(pauses)


async def test_a_process_stopped_during_a_rendering_renders_again_as_soon_as_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nine seconds without the processor cost no core anything, and were seven minutes of pause."""
    strained = Strained()
    exporter = strained.exporter(monkeypatch, wall_s=9.0, cpu_s=0.02)
    assert await pauses_of(strained, exporter) == [pytest.approx(1.0)]
