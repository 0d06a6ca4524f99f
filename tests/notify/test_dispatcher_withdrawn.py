"""What is no longer a worker's to deliver: it was withdrawn, and may come back."""

import asyncio

from stream.notify.dispatcher import Dispatcher
from stream.notify.webhook import WebhookSpec
from stream.render.worker_metrics import Health
from tests.notify.receiver import Receiver
from tests.notify.test_dispatcher import QUICK, ended, raised, spec


async def test_a_withdrawn_notice_is_not_sent_but_one_that_is_being_sent_arrives() -> None:
    done: list[str] = []
    async with Receiver() as receiver:
        receiver.gate.clear()
        async with Dispatcher([spec(receiver)], Health(), done.append, QUICK) as dispatcher:
            notices = [raised(), ended(), *(raised(f"a{n}") for n in range(2, 12))]
            for one in notices:
                assert dispatcher.offer(one)
            await receiver.until(lambda: receiver.open_requests == QUICK.concurrency)
            dispatcher.withdraw({one.key for one in notices[:-1]})
            receiver.gate.set()
            assert await dispatcher.drain(5)
        assert sorted(done) == sorted(one.key for one in receiver.seen)
        assert notices[-1].key in done
        assert ended().key not in done
        assert len(done) == QUICK.concurrency + 1
        assert dispatcher.waiting == 0


async def test_a_partition_that_comes_back_delivers_to_the_sink_that_had_not_accepted() -> None:
    """One sink is unavailable, one is receiving, when the partition is lost and acquired again."""
    done: list[str] = []
    one = raised()
    async with Receiver(lambda _key: 500) as failing, Receiver() as slow:
        slow.gate.clear()
        specs = [spec(failing), WebhookSpec(name="slow", url=slow.url)]
        async with Dispatcher(specs, Health(), done.append, QUICK) as dispatcher:
            dispatcher.offer(one)
            await failing.until(lambda: len(failing.seen) >= 2 and slow.open_requests == 1)
            await asyncio.sleep(0)
            dispatcher.withdraw({one.key})
            assert not dispatcher.offer(one), "still being sent: offer it again"
            failing.answer = lambda _key: 200
            slow.gate.set()
            assert await dispatcher.drain(5)
            assert (failing.taken, done) == ([], [])
            assert dispatcher.offer(one)
            assert await dispatcher.drain(5)
        assert failing.taken == done == [one.key]
        assert set(slow.taken) == {one.key}


async def test_a_withdrawn_notice_that_fails_is_not_retried() -> None:
    health = Health()
    async with Receiver(lambda _key: 500) as receiver:
        receiver.gate.clear()
        async with Dispatcher([spec(receiver)], health, retry=QUICK) as dispatcher:
            dispatcher.offer(raised())
            dispatcher.offer(ended())
            await receiver.until(lambda: receiver.open_requests == 1)
            dispatcher.withdraw({raised().key})
            receiver.gate.set()
            await receiver.until(lambda: len(receiver.seen) > 1)
            receiver.answer = lambda _key: 200
            assert await dispatcher.drain(5)
        assert [one.key for one in receiver.seen].count(raised().key) == 1
        assert receiver.taken == [ended().key]
    assert 'floorwatch_alerts_pending{sink="hook"} 0.0' in health.text().decode()
