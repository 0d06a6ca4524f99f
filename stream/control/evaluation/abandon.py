"""Ends alerts of which nothing can be known any more: the events that raised them are gone."""

from collections.abc import Iterator, Sequence

from stream.calendar.schedules import rfc3339_local
from stream.control.control_config import ControlConfig
from stream.control.control_state import ControlState
from stream.control.detectors import registry
from stream.control.episode import Alert
from stream.control.model import Scope, Transition, Verdict
from stream.ids import PoolKey, TeamKey


def abandon(carried: ControlState, rules: ControlConfig) -> list[Transition]:
    """End every raised alert at the instant up to which control had evaluated.

    The end goes to those who were sent the alert. Calling it twice with the same state returns the
    same transitions.
    """
    keys: dict[Scope, Sequence[TeamKey]] = {
        Scope.team: carried.teams,
        Scope.pool: [TeamKey(pool.floor, pool.pool, "") for pool in carried.pools],
    }
    return [
        _transition(carried.judged_ms, keys[scope][number], detector, alert, rules)
        for scope in Scope
        for number, detector, alert in _raised(carried, scope)
    ]


def _raised(carried: ControlState, scope: Scope) -> Iterator[tuple[int, str, Alert]]:
    for group, _detectors in registry.groups_of(scope):
        for number, episode in carried.scopes[scope].episodes(group).items():
            for detector, alert in episode.alerts.items():
                if alert.raised and any(one.name == detector for one in registry.of(scope)):
                    yield number, detector, alert


def _transition(
    at_ms: int, key: TeamKey, detector: str, alert: Alert, rules: ControlConfig
) -> Transition:
    pool = PoolKey(key.floor, key.pool)
    return Transition(
        id=alert.id,
        at_ms=at_ms,
        floor=key.floor,
        pool=key.pool,
        team=key.team,
        detector=detector,
        severity=alert.notified_as or alert.severity,
        before=alert.state,
        to=Verdict.insufficient_data,
        in_peak=rules.hours.peak(pool).contains(at_ms),
        notify=alert.notified_as is not None,
        evidence={
            "local_time": rfc3339_local(at_ms, rules.hours.zone(pool)),
            "config": rules.config,
        },
        onset_ms=alert.onset_ms,
    )
