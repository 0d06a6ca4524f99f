import asyncio
import logging
import math

import pytest

from stream.control.model import Severity, Verdict
from stream.notify.dispatcher import Dispatcher
from stream.notify.notice import Notice
from stream.notify.sink import RetryPolicy
from stream.notify.webhook import WebhookSpec
from stream.render.worker_metrics import Health
from stream.spec import ANY
from tests.notify.receiver import Receiver, in_turn
from tests.notify.test_notice import notice, transition
from tests.render.samples import samples_of

QUICK = RetryPolicy(first_s=0.01, longest_s=0.05)


def spec(receiver: Receiver, **more: object) -> WebhookSpec:
    return WebhookSpec(name="hook", url=receiver.url, **more)  # type: ignore[arg-type]


def raised(alert: str = "a1", **more: object) -> Notice:
    return notice(transition(alert=alert, **more))  # type: ignore[arg-type]


def ended(alert: str = "a1") -> Notice:
    return notice(transition(Verdict.in_control, alert=alert))


async def test_a_notice_arrives_once_and_its_delivery_is_reported() -> None:
    done: list[str] = []
    async with Receiver() as receiver:
        async with Dispatcher([spec(receiver)], Health(), done.append, QUICK) as dispatcher:
            one = raised()
            assert dispatcher.offer(one)
            assert await dispatcher.drain(5)
        assert receiver.taken == [one.key]
        assert receiver.seen[0].document["team"] == "售后2组 😀"
        assert receiver.seen[0].content_type == "application/json"
    assert done == [one.key]


async def test_a_receiver_that_fails_twice_gets_it_the_third_time_under_the_same_key() -> None:
    health = Health()
    async with Receiver(in_turn(500, 503)) as receiver:
        async with Dispatcher([spec(receiver)], health, retry=QUICK) as dispatcher:
            one = raised()
            dispatcher.offer(one)
            assert await dispatcher.drain(5)
        assert [(seen.key, seen.status) for seen in receiver.seen] == [
            (one.key, 500),
            (one.key, 503),
            (one.key, 204),
        ]
    samples = samples_of(health.text())
    results = {dict(labels).get("result"): value for (_, labels), value in samples.items()}
    assert (results["failed"], results["delivered"]) == (2, 1)
    assert samples["floorwatch_alerts_pending", frozenset({("sink", "hook")})] == 0


async def test_the_resolution_comes_after_the_alert_under_the_same_id() -> None:
    async with Receiver(in_turn(500, 500, 500)) as receiver:
        async with Dispatcher([spec(receiver)], Health(), retry=QUICK) as dispatcher:
            first, last = raised(), ended()
            dispatcher.offer(first)
            dispatcher.offer(last)
            assert await dispatcher.drain(5)
        assert receiver.taken == [first.key, last.key]
        assert {seen.document["id"] for seen in receiver.seen} == {"a1"}
        assert receiver.seen[-1].document["status"] == "resolved"


async def test_a_receiver_that_was_unavailable_gets_everything_in_order_when_it_is_back() -> None:
    async with Receiver() as receiver:
        await receiver.stop()
        async with Dispatcher([spec(receiver)], Health(), retry=QUICK) as dispatcher:
            steps = [raised(f"a{n}") for n in range(20)] + [ended(f"a{n}") for n in range(20)]
            for step in steps:
                assert dispatcher.offer(step)
            assert not await dispatcher.drain(0.1)
            assert dispatcher.waiting == 40
            await receiver.start()
            assert await dispatcher.drain(5)
        assert sorted(receiver.taken) == sorted(step.key for step in steps)
        for n in range(20):
            order = [
                seen.document["status"] for seen in receiver.seen if seen.document["id"] == f"a{n}"
            ]
            assert order == ["firing", "resolved"]


async def test_a_slow_receiver_delays_nobody_and_gets_it_again_after_the_timeout() -> None:
    async with Receiver() as slow, Receiver() as quick:
        slow.gate.clear()
        specs = [
            WebhookSpec(name="slow", url=slow.url, timeout_ms=30),
            WebhookSpec(name="quick", url=quick.url),
        ]
        async with Dispatcher(specs, Health(), retry=QUICK) as dispatcher:
            for n in range(10):
                dispatcher.offer(raised(f"a{n}"))
            await quick.until(lambda: len(quick.taken) == 10)
            assert dispatcher.waiting == 10
            slow.gate.set()
            assert await dispatcher.drain(5)
        assert {key.split(":")[0] for key in slow.taken} == {f"a{n}" for n in range(10)}


async def test_one_notice_that_the_receiver_fails_on_delays_no_other() -> None:
    bad = raised("bad")
    async with Receiver(lambda key: 500 if key == bad.key else 204) as receiver:
        one = RetryPolicy(first_s=0.01, longest_s=0.02, concurrency=1)
        async with Dispatcher([spec(receiver)], Health(), retry=one) as dispatcher:
            dispatcher.offer(bad)
            others = [raised(f"a{n}", severity=Severity.page) for n in range(5)]
            for other in others:
                dispatcher.offer(other)
            # The second time comes after the five are settled, as they go one by one.
            tried = [bad.key] * 2
            await receiver.until(lambda: receiver.keys_of(500) == tried)
            assert len(receiver.taken) == 5
            assert dispatcher.waiting == 1
        assert bad.key not in receiver.taken


@pytest.mark.parametrize("status", [400, 404, 413, 301, 302])
async def test_a_rejected_notice_is_retried_and_no_redirect_is_followed(status: int) -> None:
    async with Receiver(in_turn(status, status)) as receiver:
        async with Dispatcher([spec(receiver)], Health(), retry=QUICK) as dispatcher:
            dispatcher.offer(raised())
            assert await dispatcher.drain(5)
        assert [seen.status for seen in receiver.seen] == [status, status, 204]


async def test_pages_go_first() -> None:
    async with Receiver() as receiver:
        everything = spec(receiver, severities=frozenset(Severity))
        one = RetryPolicy(first_s=0.01, longest_s=0.02, concurrency=1)
        async with Dispatcher([everything], Health(), retry=one) as dispatcher:
            receiver.gate.clear()
            for n, severity in enumerate([Severity.digest, Severity.nudge, Severity.page]):
                dispatcher.offer(raised(f"a{n}", severity=severity))
            receiver.gate.set()
            assert await dispatcher.drain(5)
        assert [seen.document["severity"] for seen in receiver.seen] == ["page", "nudge", "digest"]


async def test_alerts_are_sent_side_by_side_up_to_a_limit() -> None:
    async with Receiver() as receiver:
        receiver.gate.clear()
        async with Dispatcher([spec(receiver)], Health(), retry=QUICK) as dispatcher:
            for n in range(12):
                dispatcher.offer(raised(f"a{n}"))
            await receiver.until(lambda: receiver.open_requests == QUICK.concurrency)
            receiver.gate.set()
            assert await dispatcher.drain(5)
        assert receiver.most_open_requests == QUICK.concurrency


async def test_a_pending_notice_is_not_sent_twice() -> None:
    async with Receiver() as receiver:
        receiver.gate.clear()
        async with Dispatcher([spec(receiver)], Health(), retry=QUICK) as dispatcher:
            for _ in range(3):
                assert dispatcher.offer(raised())
            receiver.gate.set()
            assert await dispatcher.drain(5)
        assert len(receiver.seen) == 1


async def test_a_notice_that_no_sink_wants_counts_as_delivered() -> None:
    done: list[str] = []
    async with Receiver() as receiver:
        async with Dispatcher([spec(receiver)], Health(), done.append, QUICK) as dispatcher:
            nudge = raised(severity=Severity.nudge)
            assert dispatcher.offer(nudge)
            assert await dispatcher.drain(1)
        assert receiver.seen == []
    assert done == [nudge.key]


async def test_beyond_the_limit_notices_are_left_to_the_outbox() -> None:
    few = RetryPolicy(first_s=0.01, longest_s=0.02, pending_max=3)
    async with Receiver() as receiver:
        receiver.gate.clear()
        async with Dispatcher([spec(receiver)], Health(), retry=few) as dispatcher:
            assert [dispatcher.offer(raised(f"a{n}")) for n in range(5)] == [True] * 3 + [False] * 2
            receiver.gate.set()
            assert await dispatcher.drain(5)
            assert dispatcher.offer(raised("a4"))


async def test_a_delivery_is_reported_only_when_every_sink_has_accepted_it() -> None:
    done: list[str] = []
    async with Receiver() as first, Receiver(lambda _key: 500) as second:
        specs = [
            WebhookSpec(name="first", url=first.url),
            WebhookSpec(name="second", url=second.url),
        ]
        async with Dispatcher(specs, Health(), done.append, QUICK) as dispatcher:
            one = raised()
            dispatcher.offer(one)
            await second.until(lambda: len(second.seen) >= 3)
            assert done == []
            second.answer = lambda _key: 200
            assert await dispatcher.drain(5)
        assert first.taken == second.taken == done == [one.key]


@pytest.mark.parametrize(
    ("teams", "team", "wanted"),
    [
        ({ANY}, "sales-1", True),
        ({"sales-1"}, "sales-1", True),
        ({"sales-2"}, "sales-1", False),
        ({"main"}, "", True),
        ({"sales-1"}, "", False),
        ({ANY}, "", True),
    ],
)
def test_a_sink_wants_its_teams_and_pools(teams: set[str], team: str, wanted: bool) -> None:
    one = WebhookSpec(name="hook", url="http://x", teams=frozenset(teams))
    assert one.wants(raised(team=team)) is wanted


async def test_the_address_of_a_sink_is_never_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "stream")
    async with Receiver() as receiver:
        await receiver.stop()
        async with Dispatcher([spec(receiver)], Health(), retry=QUICK) as dispatcher:
            dispatcher.offer(raised())
            await dispatcher.drain(0.05)
    assert "did not take" in caplog.text
    assert "secret" not in caplog.text


def test_pauses_grow_and_are_bounded() -> None:
    retry = RetryPolicy(first_s=1, longest_s=30)
    pauses = [retry.pause_s(failures) for failures in range(1, 200)]
    assert all(0.75 <= pause <= 30 for pause in pauses)
    assert pauses[0] <= 1 < pauses[2] < pauses[4]
    assert min(pauses[10:]) >= 22
    assert math.isfinite(retry.pause_s(10**6))


async def test_leaving_does_not_wait_for_a_sink_that_is_unavailable() -> None:
    async with Receiver() as receiver:
        receiver.gate.clear()
        async with asyncio.timeout(2):
            async with Dispatcher([spec(receiver)], Health(), retry=QUICK) as dispatcher:
                dispatcher.offer(raised())
                await asyncio.sleep(0)


async def test_a_dispatcher_that_does_not_run_accepts_nothing() -> None:
    done: list[str] = []
    async with Receiver() as receiver:
        dispatcher = Dispatcher([spec(receiver)], Health(), done.append, QUICK)
        assert not dispatcher.offer(raised())
        async with dispatcher:
            pass
        assert not dispatcher.offer(raised())
    assert done == []
