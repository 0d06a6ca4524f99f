"""What happens on the floor of the stack, and who sees it when."""

import asyncio
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tests.stack.configuration import Ports
from tests.stack.people import People

SEEN_S_MOST = 60.0
"""From the walk-out to its series in Prometheus, and to its alert in Alertmanager."""
OVER_S_MOST = 180.0
"""From the return to the end of the alert."""
DOWN_S_MOST = 150.0
"""From the kill of a worker to the monitor's alert: a minute of grace, and Alertmanager's waits."""
LOOK_S = 0.5

SERIES, ALERT, LEADER = "series in Prometheus", "alert in Alertmanager", "leader notified"
MONITOR, OVER = "SRE notified that a worker is down", "leader notified that it is over"


@dataclass
class Story:
    """A walk-out, a killed worker, a return."""

    people: People
    ports: Ports
    workers: list[subprocess.Popen[bytes]]
    team: str
    walk_out_ms: int
    lasts_s: float
    seen: dict[str, float] = field(default_factory=dict)
    """By what was seen: seconds since the walk-out."""
    faults: list[str] = field(default_factory=list)
    _killed_s: float | None = None
    _is_timed: bool = False
    """Whether it was to go on for a time; else somebody ends it when he likes."""

    async def play(self, stop: asyncio.Event, seconds: float | None) -> None:
        """Watch until stopped; with a time, at most so long, and no longer than the story."""
        until_s = None if seconds is None else time.monotonic() + seconds
        self._is_timed = seconds is not None
        async with aiohttp.ClientSession() as session:
            while not stop.is_set() and not self._is_at_end(until_s):
                await self._check(session)
                await asyncio.sleep(LOOK_S)

    def verdict(self) -> int:
        """0 if all was seen that had to be seen by now: each once, and in time.

        The notices of the walk-out have to be seen however short a run was that had a time.
        """
        if self._notices_of_team() > 1:
            self.faults.append(f"the leader was notified {self._notices_of_team()} times")
        for name, by_s in self._deadlines().items():
            at_s = self.seen.get(name)
            soon = self._is_timed and name in (SERIES, ALERT, LEADER)
            needed = soon or self._since_s() > by_s
            if at_s is None and needed:
                self.faults.append(f"{name}: not seen within {by_s:.0f} s of the walk-out")
            if at_s is not None and at_s > by_s:
                self.faults.append(f"{name} after {at_s:.0f} s; at most {by_s:.0f} s")
        for fault in dict.fromkeys(self.faults):
            print(f"WRONG: {fault}", flush=True)
        if not self.faults and self._deadlines().keys() <= self.seen.keys():
            print("All was seen: each once, and in time.", flush=True)
        return int(bool(self.faults))

    def _is_at_end(self, until_s: float | None) -> bool:
        """Where a time was given: it is over, or all has been seen."""
        if until_s is None:
            return False
        return time.monotonic() > until_s or self._deadlines().keys() <= self.seen.keys()

    def _deadlines(self) -> dict[str, float]:
        """By what has to be seen: until when, in seconds since the walk-out."""
        killed_s = self.lasts_s if self._killed_s is None else self._killed_s
        return {
            SERIES: SEEN_S_MOST,
            ALERT: SEEN_S_MOST,
            LEADER: SEEN_S_MOST,
            MONITOR: killed_s + DOWN_S_MOST,
            OVER: self.lasts_s + OVER_S_MOST,
        }

    # ------------------------------------------------------------------------------ looking

    async def _check(self, session: aiohttp.ClientSession) -> None:
        alert = f'floorwatch_team_alert{{team="{self.team}",severity="page"}} == 1'
        await self._once(SERIES, lambda: self._query(session, alert))
        if pages := await self._pages(session):
            await self._once(ALERT, lambda: self._is_whole(pages))
        await self._once(LEADER, self._is_leader_notified)
        if LEADER in self.seen and self._killed_s is None:
            await self._kill_the_owner(session)
        if self._killed_s is not None:
            await self._once(MONITOR, self._is_sre_notified)
        if self._since_s() > self.lasts_s:
            await self._once(OVER, self._is_over)

    async def _once(self, name: str, check: Callable[[], Any]) -> None:
        if name in self.seen or not await check():
            return
        self.seen[name] = since_s = self._since_s()
        print(f"{since_s:6.1f} s after the walk-out: {name}", flush=True)

    def _since_s(self) -> float:
        return (time.time_ns() // 1_000_000 - self.walk_out_ms) / 1_000

    async def _query(self, session: aiohttp.ClientSession, expr: str) -> list[Any]:
        """What Prometheus answers; nothing while it is not ready yet."""
        url = f"http://127.0.0.1:{self.ports.prometheus}/api/v1/query"
        async with session.post(url, data={"query": expr}) as response:
            answer = await response.json() if response.status == 200 else {"data": {"result": []}}
        return list(answer["data"]["result"])

    async def _pages(self, session: aiohttp.ClientSession) -> list[dict[str, Any]]:
        """What Alertmanager holds of the team; never two at a time."""
        url = f"http://127.0.0.1:{self.ports.alertmanager}/api/v2/alerts"
        async with session.get(url) as response:
            held = [one for one in await response.json() if one["labels"].get("team") == self.team]
        pages = [one for one in held if one["labels"]["severity"] == "page"]
        if len(pages) > 1:
            self.faults.append(f"Alertmanager holds {len(pages)} pages of the team")
        return pages

    async def _is_whole(self, pages: list[dict[str, Any]]) -> bool:
        """Show the page; what it lacks is a fault."""
        for page in pages:
            self.faults += [f"the alert has no {name}" for name in _missing(page)]
            labels = ", ".join(f"{name}={value}" for name, value in sorted(page["labels"].items()))
            notes = page["annotations"]
            print(
                f"        {labels}\n        {notes['summary_en']}  {notes['summary_zh']}",
                flush=True,
            )
        return True

    async def _is_leader_notified(self) -> bool:
        return self._notices_of_team() > 0

    def _notices_of_team(self) -> int:
        return len(self.people.by("leaders", "firing", team=self.team, severity="page"))

    async def _is_sre_notified(self) -> bool:
        return bool(self.people.by("sre", "firing", alertname="FloorwatchTargetDown"))

    async def _is_over(self) -> bool:
        return bool(self.people.by("leaders", "resolved", team=self.team, severity="page"))

    async def _kill_the_owner(self, session: aiohttp.ClientSession) -> None:
        """kill -9 of the worker whose floor it is; the other acquires it."""
        self._killed_s = self._since_s()
        as_of = f'floorwatch_team_as_of_timestamp_seconds{{team="{self.team}"}}'
        found = await self._query(session, as_of)
        places = [f"127.0.0.1:{port}" for port in self.ports.workers]
        number = places.index(found[0]["metric"]["instance"])
        self.workers[number].send_signal(signal.SIGKILL)
        print(
            f"{self._since_s():6.1f} s after the walk-out: worker {number + 1} killed", flush=True
        )


def _missing(page: dict[str, Any]) -> list[str]:
    """Labels and texts that a leader's alert needs, and this one has not."""
    labels = {"alertname", "severity", "floor", "pool", "team", "detector"} - page["labels"].keys()
    texts = {
        f"{part}_{language}" for part in ("summary", "description") for language in ("en", "zh")
    }
    return sorted(
        labels | (texts | {"summary", "description", "dashboard_url"}) - page["annotations"].keys()
    )
