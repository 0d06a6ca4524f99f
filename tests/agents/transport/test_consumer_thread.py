"""A rebalance that the main loop never finishes does not keep a worker from stopping."""

import asyncio

import pytest

from stream.agents.transport.consumer_thread import unless


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
