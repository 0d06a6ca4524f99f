"""Active alerts reach people once through real Alertmanagers, however often they are sent."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from stream.control.model import Severity, Verdict
from stream.notify.alertmanager import HORIZON, OWNED_S_MAX
from stream.render.worker_metrics import Health
from tests.real.alerting import (
    RESEND_MS,
    SETTLED_S,
    one_server,
    people_step,
    raised,
    sending,
    show,
    spec,
)

pytestmark = pytest.mark.xdist_group("alertmanager")


async def test_an_alert_has_stable_labels_both_times_and_texts_in_both_languages(
    alertmanager: Path, tmp_path: Path
) -> None:
    async with (
        one_server(alertmanager, tmp_path) as (server, _),
        sending(spec(server)) as active_alerts,
    ):
        step = raised()
        show(active_alerts, step)
        [alert] = await server.until(lambda alerts: len(alerts) == 1)
    assert alert["labels"] == {
        "alertname": "FloorwatchCollective",
        "severity": "page",
        "floor": "深圳",
        "pool": "sales",
        "team": "red",
        "detector": "collective",
    }
    notes = alert["annotations"]
    assert notes["summary"] == "red: 6 people went on break within 90 s"
    assert notes["description"].startswith("[ACT, peak] red: 6 people went on break")
    assert notes["description_zh"].startswith("【需处理·高峰】red:")
    assert notes["id"] == "id-red"
    assert notes["runbook_url"] == "https://docs.example/runbook.md#floorwatchcollective"
    assert notes["dashboard_url"].startswith("https://grafana.example/d/floorwatch-team?var-floor=")
    assert "anna" not in str(alert)
    assert alert["startsAt"] < alert["endsAt"]
    assert alert["generatorURL"] == notes["dashboard_url"]


async def test_people_are_notified_once_however_often_it_is_sent_and_once_when_it_is_over(
    alertmanager: Path, tmp_path: Path
) -> None:
    async with (
        one_server(alertmanager, tmp_path) as (server, pager),
        sending(spec(server)) as active_alerts,
    ):
        step = raised()
        show(active_alerts, step)
        await pager.until(lambda: pager.notified == [("firing", "red")])
        # Longer than its end was ahead: it is active because it is sent again.
        for _ in range(int(HORIZON * RESEND_MS / 500) + 2):
            await asyncio.sleep(0.5)
            show(active_alerts, step)
        assert pager.notified == [("firing", "red")]
        show(active_alerts, people_step("red", Verdict.in_control))
        await pager.until(lambda: pager.notified == [("firing", "red"), ("resolved", "red")])
        await asyncio.sleep(SETTLED_S)
        assert len(pager.notified) == 2


async def test_what_nobody_sends_any_more_ends_by_itself(
    alertmanager: Path, tmp_path: Path
) -> None:
    async with one_server(alertmanager, tmp_path) as (server, pager):
        async with sending(spec(server)) as active_alerts:
            show(active_alerts, raised())
            await pager.until(lambda: pager.notified == [("firing", "red")])
        await pager.until(lambda: ("resolved", "red") in pager.notified)


async def test_a_fail_over_pages_nobody_again(alertmanager: Path, tmp_path: Path) -> None:
    step = raised()
    async with one_server(alertmanager, tmp_path) as (server, pager):
        async with sending(spec(server)) as active_alerts:
            show(active_alerts, step)
            await pager.until(lambda: pager.notified == [("firing", "red")])
        async with sending(spec(server)) as active_alerts:
            show(active_alerts, step)
            await asyncio.sleep(SETTLED_S)
            show(active_alerts, step)
            assert pager.notified == [("firing", "red")]


async def test_an_outage_of_alertmanager_loses_no_active_alert(
    alertmanager: Path, tmp_path: Path
) -> None:
    health = Health()
    async with one_server(alertmanager, tmp_path) as (server, pager):
        server.stop()
        async with sending(spec(server), health=health) as active_alerts:
            show(active_alerts, raised(), raised("blue"))
            async with asyncio.timeout(10):
                while b'floorwatch_alerts_pending{sink="am"} 2.0' not in health.text():  # noqa: ASYNC110 - as a scraper does
                    await asyncio.sleep(0.05)
            server.start()
            await pager.until(
                lambda: sorted(pager.notified) == [("firing", "blue"), ("firing", "red")]
            )
            text = health.text().decode()
            assert 'floorwatch_alerts_pending{sink="am"} 0.0' in text
            assert 'result="failed"' in text


async def test_an_alert_that_grows_more_severe_is_one_alert_under_its_new_severity(
    alertmanager: Path, tmp_path: Path
) -> None:
    both = frozenset({Severity.page, Severity.nudge})
    async with (
        one_server(alertmanager, tmp_path) as (server, _),
        sending(spec(server, severities=both)) as active_alerts,
    ):
        show(active_alerts, raised(severity=Severity.nudge))
        await server.until(lambda alerts: len(alerts) == 1)
        show(active_alerts, raised(severity=Severity.page))
        await server.until(lambda alerts: [one["labels"]["severity"] for one in alerts] == ["page"])


async def test_an_episode_that_begins_soon_after_another_is_active_and_stays(
    alertmanager: Path, tmp_path: Path
) -> None:
    """The end of the previous one is sent for a quarter of an hour, under the same labels."""
    over = people_step("red", Verdict.in_control, ago_s=500)
    async with (
        one_server(alertmanager, tmp_path) as (server, pager),
        sending(spec(server)) as active_alerts,
    ):
        show(
            active_alerts, replace(over, at_ms=over.onset_ms + 60_000), replace(raised(), id="id-2")
        )
        await server.until(lambda alerts: len(alerts) == 1)
        await pager.until(lambda: bool(pager.notified))
        for _ in range(3):
            await asyncio.sleep(RESEND_MS / 1_000)
            assert [one["annotations"]["id"] for one in await server.alerts()] == ["id-2"]
        assert pager.notified == [("firing", "red")]


async def test_alerts_of_a_task_that_may_be_owned_elsewhere_are_no_longer_sent(
    alertmanager: Path, tmp_path: Path
) -> None:
    async with (
        one_server(alertmanager, tmp_path) as (server, _),
        sending(spec(server)) as active_alerts,
    ):
        show(active_alerts, raised(), owned_s=time.monotonic() - OWNED_S_MAX - 1)
        show(active_alerts, raised("blue"), task=1)
        show(active_alerts, raised("green"), task=2)
        active_alerts.withdraw(2)
        await server.until(lambda alerts: len(alerts) == 1)
        await asyncio.sleep(2 * RESEND_MS / 1_000)
        assert [one["labels"]["team"] for one in await server.alerts()] == ["blue"]


async def test_a_sink_gets_its_teams_and_severities_alone(
    alertmanager: Path, tmp_path: Path
) -> None:
    async with (
        one_server(alertmanager, tmp_path) as (server, _),
        sending(spec(server, teams=frozenset({"red"}))) as active_alerts,
    ):
        show(active_alerts, raised(severity=Severity.nudge), raised("blue"), raised("red"))
        await server.until(lambda alerts: len(alerts) == 1)
        [alert] = await server.alerts()
        assert alert["labels"]["team"] == "red"
        assert alert["labels"]["severity"] == "page"
