"""Control: judges each instant once, and says what changed.

Most teams are calm most of the time. A vectorised pass finds those in which anything may happen
(`_candidates` in `evaluation.teams` and `evaluation.pools`), and only they are judged instant by
instant. What the pass lets go would have come to nothing there: a test proves it by judging
everyone.
"""

import math

from stream.control.control_config import ControlConfig
from stream.control.control_state import ControlState
from stream.control.evaluation.context import EvaluationContext
from stream.control.evaluation.pools import judge_pools
from stream.control.evaluation.teams import awaits_gate, judge_teams
from stream.control.evaluation.verdict import views_of
from stream.control.model import DetectorView, Transition
from stream.control.state_codec import adopt, dump, load
from stream.ids import PoolKey
from stream.observation.feed import Feed
from stream.spec import Spec


class Control:
    """Alerts and verdicts of all teams and pools of one shard.

    Args:
        spec: the configuration.
        calm_filter: False judges everyone instant by instant: slow, and the same.

    Raises:
        ValueError: a zone that is not known, or a baseline or budget that has no meaning.
    """

    def __init__(self, spec: Spec, *, calm_filter: bool = True) -> None:
        self._rules = ControlConfig(spec)
        self._everyone = not calm_filter
        self._carried = ControlState()
        self._context: EvaluationContext | None = None

    def advance(self, feed: Feed) -> list[Transition]:
        """Judge every instant of [feed.from_ms, feed.until_ms), which begins where the last ended.

        Returns the transitions by instant, then by floor, pool, team and detector.
        """
        carried = self._carried
        if feed.until_ms <= max(feed.from_ms, carried.judged_ms):
            return []
        self._grow(feed)
        context = EvaluationContext(self._rules, carried, feed)
        raised, transitions = judge_teams(context, everyone=self._everyone)
        transitions += judge_pools(context, raised, everyone=self._everyone)
        context.update_gates()
        _await_gates(context)
        carried.entries = context.entries
        carried.forget(feed.until_ms)
        self._context = context
        return sorted(transitions, key=lambda t: (t.at_ms, t.floor, t.pool, t.team, t.detector))

    def next_deadline(self) -> int:
        """The first instant at which a transition may follow without events; NEVER_MS: none.

        An amber tile is no transition: views show it when they are asked for.
        """
        return self._carried.next_deadline()

    def views(self) -> tuple[DetectorView, ...]:
        """How all detectors, teams and pools stand where the last feed ended; () before any."""
        return views_of(self._context) if self._context is not None else ()

    def in_peak(self, pool: PoolKey, t_ms: int) -> bool:
        """Whether an instant lies in a scheduled peak of the pool."""
        return self._rules.hours.peak(pool).contains(t_ms)

    def is_open(self, pool: PoolKey, t_ms: int) -> float:
        """1 within the pool's opening hours, 0 outside; NaN where they are not known."""
        hours = self._rules.hours.open(pool)
        return math.nan if hours is None else float(hours.contains(t_ms))

    def snapshot(self) -> bytes:
        """What is carried, as bytes for `restore`; the same for the same past."""
        return dump(self._carried, self._context.feed.agent_names if self._context else ())

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot: the next feed begins where the last one before it ended.

        Raises:
            StateError: the bytes are not of a format that this version reads.
        """
        self._carried = load(state)
        self._context = None

    def resume(self, feed: Feed) -> None:
        """After a restore: see how things stand where the last feed ended; nothing is judged.

        `feed` is empty and begins there. Without it `views` has nothing to go by until the next.
        """
        self._grow(feed)
        self._context = EvaluationContext(self._rules, self._carried, feed)

    def _grow(self, feed: Feed) -> None:
        """Make room for new teams and pools, with what was stored of them."""
        carried = self._carried
        known_teams, known_pools = len(carried.teams), len(carried.pools)
        carried.grow(feed.teams, feed.pools)
        adopt(carried, range(known_teams, len(feed.teams)), range(known_pools, len(feed.pools)))


def _await_gates(context: EvaluationContext) -> None:
    """Alerts that the gate keeps from paging are due when it may open without events."""
    carried, feed = context.carried, context.feed
    waiting = [
        (carried.team_wakeup_ms, team, int(feed.pool_of_team[team]))
        for team, episode in carried.episodes.items()
        if awaits_gate(episode)
    ]
    waiting += [
        (carried.pool_wakeup_ms, pool, pool)
        for pool, episode in carried.pool_episodes.items()
        if awaits_gate(episode)
    ]
    for next_wakeup_ms, number, pool in waiting:
        opening_ms = context.gate(pool).next_opening(
            feed.until_ms, int(carried.free_since_ms[pool]), int(carried.oldest_ms[pool])
        )
        next_wakeup_ms[number] = min(int(next_wakeup_ms[number]), opening_ms)
