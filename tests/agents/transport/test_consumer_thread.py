"""Neither an endless rebalance nor a thread that has crashed keeps a worker from stopping."""

import asyncio
import contextlib
from typing import Never

import pytest

from stream.agents.transport.consumer_thread import RetryingConsumerThread, unless
from stream.agents.transport.faust_app import consumer_of, faust_app


async def test_a_call_that_is_never_answered_ends_when_the_thread_is_to_stop() -> None:
    promise = asyncio.get_running_loop().create_future()
    stopping = asyncio.Event()

    async def call() -> None:
        stopping.set()
        await promise

    async with asyncio.timeout(5):
        await unless(stopping.is_set, call())

    assert promise.cancelled()


async def test_a_call_is_awaited_while_nobody_stops_and_its_error_is_raised() -> None:
    answered = []

    async def call(*, fails: bool) -> None:
        await asyncio.sleep(0)
        answered.append(fails)
        if fails:
            raise ValueError

    await unless(lambda: False, call(fails=False))
    with pytest.raises(ValueError):  # noqa: PT011 - any error passes
        await unless(lambda: False, call(fails=True))

    assert answered == [False, True]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_thread_that_crashed_and_closed_its_loop_is_stopped_without_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def on_start(self: object) -> Never:
        msg = "lz4 compression codec not found"
        raise ValueError(msg)

    monkeypatch.setattr(RetryingConsumerThread, "on_start", on_start)
    app = faust_app("group", "localhost:1")
    app.loop = asyncio.get_running_loop()
    app.finalize()
    thread = consumer_of(app)._thread
    with contextlib.suppress(ValueError):  # raised only if the thread has not crashed before
        await thread.start()
    assert thread._thread is not None
    await asyncio.to_thread(thread._thread.join, 20)
    assert thread.thread_loop.is_closed()

    await asyncio.wait_for(thread.stop(), 20)

    assert thread.should_stop
