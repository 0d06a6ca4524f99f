"""What is sent to real Alertmanagers: a raised alert, and the sink that sends it."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from stream.clock import wall_ms
from stream.control.alerts.messages import messages
from stream.control.model import Severity, Transition, Verdict
from stream.notify.alertmanager import ActiveAlerts, AlertmanagerSpec
from stream.notify.alertmanager_alert import Links
from stream.notify.notice import Notice, body_of
from stream.notify.sink import RetryPolicy
from stream.render.worker_metrics import Health
from tests.real.alertmanager_server import AlertmanagerServer, Pager, paging

RESEND_MS = 500
QUICK = RetryPolicy(first_s=0.05, longest_s=0.2)
SETTLED_S = 3.0
"""Several resendings and group intervals: what did not come by then does not come."""
LINKS = Links("https://grafana.example", "https://docs.example/runbook.md")


def raised(team: str = "red", severity: Severity = Severity.page, ago_s: int = 60) -> Transition:
    return people_step(team, Verdict.out_of_control, severity, ago_s)


def people_step(
    team: str, to: Verdict, severity: Severity = Severity.page, ago_s: int = 60
) -> Transition:
    at_ms = wall_ms() - ago_s * 1_000
    evidence = {
        "k": 7,
        "n": 15,
        "usual": 1.3,
        "movers": 6,
        "window_s": 90,
        "free": 0,
        "waiting": 9,
        "oldest_wait_s": 58,
        "chance": {"count": 8, "unit": "month", "more": False},
        "local_time": "2026-03-02T10:43:12+08:00",
        "entry_states": ["aux"],
        "lasted_s": 60,
        "drivers": ["anna"],
    }
    return Transition(
        id=f"id-{team}",
        at_ms=at_ms if to is not Verdict.in_control else wall_ms(),
        floor="深圳",
        pool="sales",
        team=team,
        detector="collective",
        severity=severity,
        before=Verdict.in_control,
        to=to,
        in_peak=True,
        notify=True,
        evidence=evidence,
        onset_ms=at_ms,
    )


def notice(step: Transition) -> Notice:
    return Notice.from_body(body_of(step, messages, "en"))


def spec(*servers: AlertmanagerServer, **more: Any) -> AlertmanagerSpec:
    return AlertmanagerSpec(
        name="am", urls=tuple(s.url for s in servers), resend_ms=RESEND_MS, links=LINKS, **more
    )


@asynccontextmanager
async def sending(
    *specs: AlertmanagerSpec, health: Health | None = None
) -> AsyncIterator[ActiveAlerts]:
    async with ActiveAlerts(specs, health or Health(), QUICK) as active_alerts:
        yield active_alerts


def show(
    active_alerts: ActiveAlerts, *steps: Transition, task: int = 0, owned_s: float | None = None
) -> None:
    at_s = time.monotonic() if owned_s is None else owned_s
    active_alerts.show(task, [notice(step) for step in steps], at_s)


@asynccontextmanager
async def one_server(
    alertmanager: Path, folder: Path
) -> AsyncIterator[tuple[AlertmanagerServer, Pager]]:
    async with paging() as pager:
        with AlertmanagerServer(alertmanager, folder, pager.url) as server:
            yield server, pager
