"""Control: evaluates each instant once and returns what changed.

Most teams are calm most of the time. A vectorised pass finds those in which anything may happen
(`evaluation.candidates`), and only they are evaluated instant by instant. What the pass leaves out
would have come to nothing there: a test proves it by evaluating everyone.
"""

import math
from collections.abc import Collection

from stream.control.alerts.alert_group import awaits_gate
from stream.control.alerts.suppression import update_jumps
from stream.control.control_config import ControlConfig
from stream.control.control_state import ControlState
from stream.control.detectors import registry
from stream.control.evaluation.abandon import abandon
from stream.control.evaluation.context import EvaluationContext
from stream.control.evaluation.evaluate import evaluate
from stream.control.evaluation.verdict import update_amber, views_of
from stream.control.model import DetectorView, Scope, Transition
from stream.control.state_codec import adopt, dump, load
from stream.ids import PoolKey, TeamKey
from stream.observation.feed import Feed
from stream.spec import Spec
from stream.units import NEVER_MS


class Control:
    """Alerts and verdicts of all teams and pools of one shard.

    Args:
        spec: the configuration.
        calm_filter: False evaluates everyone instant by instant: slow, and the same.

    Raises:
        ValueError: a zone that is not known, or a baseline or budget that has no meaning.
    """

    def __init__(self, spec: Spec, *, calm_filter: bool = True) -> None:
        self._rules = ControlConfig(spec)
        self._everyone = not calm_filter
        self._carried = ControlState()
        self._context: EvaluationContext | None = None
        self._views: tuple[DetectorView, ...] = ()
        """What `views` returns without a context."""

    def advance(self, feed: Feed) -> list[Transition]:
        """Evaluate every instant of [feed.from_ms, feed.until_ms); it begins where the last ended.

        Returns the transitions by instant, then by floor, pool, team and detector.
        """
        carried = self._carried
        if feed.until_ms <= max(feed.from_ms, carried.judged_ms):
            return []
        self._resize(feed)
        if feed.pool_knowledge is not None:
            carried.follow_named(feed.pool_knowledge.named)
        context = EvaluationContext(self._rules, carried, feed)
        context.jumps = update_jumps(carried.jumps, context.team)
        raised, transitions = evaluate(context, Scope.team, {}, everyone=self._everyone)
        _, of_pools = evaluate(context, Scope.pool, raised, everyone=self._everyone)
        update_amber(carried, context.team, self._rules.limits, feed.from_ms)
        context.update_gates()
        _await_gates(context)
        carried.entries = context.entries
        carried.expire(feed.until_ms)
        self._context = context
        transitions += of_pools
        return sorted(transitions, key=lambda t: (t.at_ms, t.floor, t.pool, t.team, t.detector))

    def next_deadline(self) -> int:
        """The first instant at which a transition may follow without events; NEVER_MS: none.

        An amber tile is no transition: views show it when they are asked for.
        """
        carried = self._carried
        exempting = self._rules.exempting(carried.teams).values()
        bounds = (one.next_bound(carried.judged_ms - 1) for parts in exempting for one in parts)
        return min(carried.next_deadline(), min(bounds, default=NEVER_MS))

    def views(self) -> tuple[DetectorView, ...]:
        """How all detectors, teams and pools stand where the last feed ended; () before any."""
        return views_of(self._context) if self._context is not None else self._views

    def in_peak(self, pool: PoolKey, t_ms: int) -> bool:
        """Whether an instant lies in a scheduled peak of the pool."""
        return self._rules.hours.peak(pool).contains(t_ms)

    def is_open(self, pool: PoolKey, t_ms: int) -> float:
        """1 within the pool's opening hours, 0 outside; NaN where they are not known."""
        hours = self._rules.hours.open(pool)
        return math.nan if hours is None else float(hours.contains(t_ms))

    def snapshot(self) -> bytes:
        """The control state as bytes for `restore`; the same for the same past."""
        return dump(self._carried, self._context.feed.agent_names if self._context else ())

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot: the next feed begins where the last one before it ended.

        Raises:
            StateError: the bytes are not of a format that this version reads.
        """
        self._carried = load(state)
        self._context = None

    def abandon(self) -> list[Transition]:
        """After a restore whose events are gone: end every raised alert, as no longer known."""
        carried = self._carried
        carried.resize([*carried.pending_teams], [*carried.pending_pools])
        adopt(carried, range(len(carried.teams)), range(len(carried.pools)))
        return abandon(carried, self._rules)

    def forget(self, teams: Collection[TeamKey], pools: Collection[PoolKey]) -> list[Transition]:
        """Drop all but these teams and pools; the next feed numbers them anew.

        Returns the ends of the raised alerts of the others, as no longer known.
        """
        stays = {*teams, *(TeamKey(*pool, "") for pool in pools)}
        ends = [
            one
            for one in abandon(self._carried, self._rules)
            if TeamKey(one.floor, one.pool, one.team) not in stays
        ]
        self._views = tuple(view for view in self.views() if view[:3] in stays)
        anew = load(self.snapshot())
        anew.pending_teams = {key: one for key, one in anew.pending_teams.items() if key in stays}
        anew.pending_pools = {
            key: one for key, one in anew.pending_pools.items() if TeamKey(*key, "") in stays
        }
        self._carried, self._context = anew, None
        return ends

    def resume(self, feed: Feed) -> None:
        """After a restore: read how things are where the last feed ended; nothing is evaluated.

        `feed` is empty and begins there. Without it `views` returns nothing until the next.
        """
        self._resize(feed)
        self._context = EvaluationContext(self._rules, self._carried, feed)

    def _resize(self, feed: Feed) -> None:
        """Append new teams and pools, with what was stored of them."""
        carried = self._carried
        known_teams, known_pools = len(carried.teams), len(carried.pools)
        carried.resize(feed.teams, feed.pools)
        adopt(carried, range(known_teams, len(feed.teams)), range(known_pools, len(feed.pools)))


def _await_gates(context: EvaluationContext) -> None:
    """Alerts that the gate keeps from paging are due when it may open without events."""
    carried, until_ms = context.carried, context.feed.until_ms
    for scope, state in carried.scopes.items():
        for group, _detectors in registry.groups_of(scope):
            if not group.gated:
                continue
            episodes = state.episodes(group).items()
            for number in [number for number, episode in episodes if awaits_gate(episode)]:
                pool, _key = context.pool_and_key(scope, number)
                opening_ms = context.gate(pool).next_opening(
                    until_ms, int(carried.free_since_ms[pool]), int(carried.oldest_ms[pool])
                )
                state.wakeup_ms[number] = min(int(state.wakeup_ms[number]), opening_ms)
