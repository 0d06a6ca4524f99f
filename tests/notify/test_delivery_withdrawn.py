"""What is no longer a worker's to deliver: it was withdrawn, and may come back."""

import asyncio

from stream.notify.delivery import Dispatcher
from stream.notify.webhook import WebhookSpec
from stream.render.worker_metrics import Health
from tests.notify.receiver import Receiver
from tests.notify.test_delivery import QUICK, ended, raised, spec


async def test_what_was_withdrawn_is_not_sent_but_what_is_on_its_way_arrives() -> None:
    done: list[str] = []
    async with Receiver() as receiver:
        receiver.gate.clear()
        async with Dispatcher([spec(receiver)], Health(), done.append, QUICK) as dispatcher:
            notices = [raised(), ended(), *(raised(f"a{n}") for n in range(2, 12))]
            for one in notices:
                assert dispatcher.offer(one)
            await receiver.until(lambda: receiver.at_once == QUICK.at_once)
            dispatcher.withdraw({one.key for one in notices[:-1]})
            receiver.gate.set()
            assert await dispatcher.drain(5)
        assert sorted(done) == sorted(one.key for one in receiver.seen)
        assert notices[-1].key in done
        assert ended().key not in done
        assert len(done) == QUICK.at_once + 1
        assert dispatcher.waiting == 0


async def test_a_lane_that_comes_back_tells_the_sink_that_had_not_been_told() -> None:
    """One sink is away, the other is being told, when the lane is lost and taken again."""
    done: list[str] = []
    one = raised()
    async with Receiver(lambda _key: 500) as away, Receiver() as slow:
        slow.gate.clear()
        specs = [spec(away), WebhookSpec(name="slow", url=slow.url)]
        async with Dispatcher(specs, Health(), done.append, QUICK) as dispatcher:
            dispatcher.offer(one)
            await away.until(lambda: len(away.seen) >= 2 and slow.at_once == 1)
            await asyncio.sleep(0)
            dispatcher.withdraw({one.key})
            assert not dispatcher.offer(one), "on its way to a sink still: offer it again"
            away.answer = lambda _key: 200
            slow.gate.set()
            assert await dispatcher.drain(5)
            assert (away.taken, done) == ([], [])
            assert dispatcher.offer(one)
            assert await dispatcher.drain(5)
        assert away.taken == done == [one.key]
        assert set(slow.taken) == {one.key}


async def test_what_fails_after_it_was_withdrawn_is_not_tried_again() -> None:
    health = Health()
    async with Receiver(lambda _key: 500) as receiver:
        receiver.gate.clear()
        async with Dispatcher([spec(receiver)], health, patience=QUICK) as dispatcher:
            dispatcher.offer(raised())
            dispatcher.offer(ended())
            await receiver.until(lambda: receiver.at_once == 1)
            dispatcher.withdraw({raised().key})
            receiver.gate.set()
            await receiver.until(lambda: len(receiver.seen) > 1)
            receiver.answer = lambda _key: 200
            assert await dispatcher.drain(5)
        assert [one.key for one in receiver.seen].count(raised().key) == 1
        assert receiver.taken == [ended().key]
    assert 'floorwatch_alerts_pending{sink="hook"} 0.0' in health.text().decode()
