"""The auditor: compares what is stored and exported with what must be there."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isclose
from typing import Any

import orjson
from redis.exceptions import RedisClusterException, RedisError

from tests.faults.calls import Fields
from tests.faults.evidence import targets_that_fail
from tests.faults.rig import Rig
from tests.faults.traffic import is_orderly
from tests.render.audit import View
from tests.render.audit import differences as not_exported

PREFIX = "floorwatch:"
CONVERGED_S_MAX = 120.0
LOOK_S = 0.1
"""From one look at everything to the next."""
SCRAPED_S_MAX = 15.0
OF_FLOORS = '{__name__=~"floorwatch_.+", floor!=""}'
NOT_OURS = ("__name__", "instance", "job")
"""Labels that Prometheus adds."""
CONTROL = ("verdict", "signal", "control:", "alert:", "statistic:", "limit:")
"""Fields of a rough floor that depend on when its late events came."""


@dataclass
class Finding:
    """What an audit found."""

    converged_s: float
    """From when it began until everything was right."""
    differences: list[str] = field(default_factory=list)
    seen: str = ""
    """How much was compared."""


class Auditor:
    """Audits one rig, again and again."""

    def __init__(self, rig: Rig, converged_s_max: float = CONVERGED_S_MAX) -> None:
        self._rig = rig
        self._converged_s_max = converged_s_max
        self._steps: dict[str, set[bytes]] = {}
        """Documents of the audit topic, by key."""
        self._dead_letters: dict[bytes, str] = {}
        """By key: how many events."""

    def update(self) -> None:
        """Compute what must be from what the topic holds by now."""
        self._rig.undisturbed.take(self._rig.events.read())

    def audit(self) -> Finding:
        """Wait until all is right, for a while; what is not right then is a difference."""
        rig, began_s = self._rig, time.monotonic()
        self.update()
        views = rig.undisturbed.views()
        while True:
            found = self._in_redis(views) or self._in_archive() or self._in_topics()
            if not found or time.monotonic() - began_s > self._converged_s_max:
                break
            time.sleep(LOOK_S)  # nothing signals when Redis holds what is waited for
        finding = Finding(time.monotonic() - began_s, found)
        finding.differences += missing_or_extra("view", views, rig.held.view_keys())
        finding.differences += rig.held.missing_pieces()
        finding.differences += differences_of(rig.held.views(list(views)), rig.undisturbed.truth())
        finding.differences += asyncio.run(self._in_prometheus(views))
        finding.seen = (
            f"{rig.undisturbed.records} records, {len(views)} views, {len(self._steps)} steps, "
            f"{len(self._dead_letters)} dead letters, {len(rig.undisturbed.hours)} hours"
        )
        return finding

    def _in_redis(self, views: Mapping[str, Mapping[str, str]]) -> list[str]:
        rig = self._rig
        try:
            offsets = rig.held.offsets()
            behind = [
                f"partition {p}: committed to {offsets[p]}, the topic ends at {end}"
                for p, end in rig.events.next.items()
                if offsets[p] != end
            ]
            if behind:
                return behind  # until then views cannot be right
            stored = rig.held.views(list(views))
        except (OSError, RedisError, RedisClusterException) as error:
            return [f"Redis: {error}"]
        return [
            line
            for key, fields in views.items()
            for line in differing(key, comparable(key, fields), comparable(key, stored[key]))
        ]

    def _in_archive(self) -> list[str]:
        """Sealed hours: each is there, as the bytes that it must be, and no other."""
        rig = self._rig
        wanted = rig.undisturbed.hours
        archived = rig.held.archived(sorted({(partition, floor) for partition, floor, _ in wanted}))
        found = missing_or_extra("archived hour", wanted.keys(), archived.keys())
        both = sorted(wanted.keys() & archived.keys())
        return found + [f"archived hour {k} differs" for k in both if wanted[k] != archived[k]]

    def _in_topics(self) -> list[str]:
        """Dead letters and steps of alerts: each is there, none is there that must not be."""
        rig = self._rig
        for record in rig.dead_letters.read():
            self._dead_letters[record.key or b""] = record.headers["events"]
        wanted = {key: str(events) for key, events in rig.undisturbed.dead_letters.items()}
        found = missing_or_extra("dead letter", wanted.keys(), self._dead_letters.keys())
        found += [
            f"dead letter {key!r}: {self._dead_letters[key]} events instead of {wanted[key]}"
            for key in wanted.keys() & self._dead_letters.keys()
            if wanted[key] != self._dead_letters[key]
        ]
        for record in rig.control.read():
            key = (record.key or b"").decode().partition(":")[2]
            self._steps.setdefault(key, set()).add(record.value or b"")
        return found + self._in_control()

    def _in_control(self) -> list[str]:
        expected = self._rig.undisturbed.steps
        theirs = {key: body for key, (floor, body) in expected.items() if is_orderly(floor)}
        ours = {
            key: bodies
            for key, bodies in self._steps.items()
            if is_orderly(orjson.loads(next(iter(bodies)))["floor"])
        }
        found = missing_or_extra("step", theirs.keys(), ours.keys())
        for key in theirs.keys() & ours.keys():
            found += [
                f"step {key}: {other}"
                for body in ours[key] - {theirs[key]}
                for other in unlike(orjson.loads(theirs[key]), orjson.loads(body))
            ]
        return found

    async def _in_prometheus(self, views: Mapping[str, Mapping[str, str]]) -> list[str]:
        """Whether each field of each view is exported with its stored value, and once."""
        give_up_s = time.monotonic() + SCRAPED_S_MAX
        while True:
            found = await self._unlike_exported(views)
            if not found or time.monotonic() > give_up_s:
                why = await self._not_scraped() if found else []
                return [f"Prometheus: {line}" for line in why + found]
            await asyncio.sleep(0.25)  # a scrape

    async def _not_scraped(self) -> list[str]:
        """Workers that run and cannot be scraped; who can be, and is not right, exports that."""
        rig = self._rig
        ports = [rig.workers[number].port for number in rig.running]
        answer = await rig.prometheus.answer("targets")
        return targets_that_fail(answer["activeTargets"], ports)

    async def _unlike_exported(self, views: Mapping[str, Mapping[str, str]]) -> list[str]:
        samples, found = dict[tuple[str, frozenset[tuple[str, str]]], float](), []
        for labels, value in await self._rig.prometheus.series(OF_FLOORS):
            name = labels["__name__"]
            key = name, frozenset((k, v) for k, v in labels.items() if k not in NOT_OURS)
            if key in samples:
                found.append(f"{name} {sorted(key[1])} twice")
            samples[key] = value
        for view, fields in views.items():
            _, kind, place = view.split(":", 2)
            floor, _, name = place.partition("/")
            found += not_exported(View(kind, floor, name, comparable(view, fields)), samples)
        return found


def unlike(wanted: dict[str, Any], found: dict[str, Any], path: str = "") -> list[str]:
    """Where two documents differ."""
    lines = []
    for name in sorted(wanted.keys() | found.keys()):
        one, other = wanted.get(name), found.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            lines += unlike(one, other, f"{path}{name}.")
        elif one != other:
            lines.append(f"{path}{name} is {other!r} instead of {one!r}")
    return lines


def differing(key: str, wanted: Mapping[str, str], shown: Mapping[str, str]) -> list[str]:
    """Fields of a view that are not as they must be."""
    if wanted == shown:
        return []
    return [
        f"{key} {name}: expected {wanted.get(name)}, shown {shown.get(name)}"
        for name in sorted(wanted.keys() | shown.keys())
        if wanted.get(name) != shown.get(name)
    ]


def comparable(key: str, fields: Mapping[str, str]) -> Mapping[str, str]:
    """What must be equal: of a rough floor all but control, which evaluated what it knew."""
    if is_orderly(key.split(":", 2)[2]):
        return fields
    return {name: text for name, text in fields.items() if not name.startswith(CONTROL)}


def missing_or_extra(what: str, wanted: object, found: object) -> list[str]:
    """Keys that are not there, and keys that must not be there."""
    ours, theirs = set(wanted), set(found)  # type: ignore[call-overload]
    lacking = [f"{what} {key!r} is missing" for key in sorted(ours - theirs)]
    return lacking + [f"{what} {key!r} must not be there" for key in sorted(theirs - ours)]


def differences_of(
    views: Mapping[str, Mapping[str, str]], truth: Mapping[tuple[str, str, str], Fields]
) -> list[str]:
    """Where views do not say what the independent computation says, field by field."""
    found = []
    for (kind, floor, name), fields in truth.items():
        view = views.get(f"{PREFIX}{kind}:{floor}/{name}", {})
        for field_name, wanted in fields.items():
            text = view.get(field_name)
            if text is None or not isclose(float(text), wanted, rel_tol=1e-6, abs_tol=1.01e-6):
                found.append(f"{kind} {floor}/{name} {field_name}: expected {wanted}, shown {text}")
    return found
