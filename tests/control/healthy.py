"""Healthy floors: agents who go to aux by themselves, each at random. Also a program:

    python -m tests.control.healthy [team-months]

prints how often control pages a healthy team by chance.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields

import numpy as np

from stream.control.control import Control
from stream.control.model import Severity, Verdict
from stream.events.language import I64, Bool, State
from stream.ids import PoolKey, TeamKey
from stream.observation.feed import Changes, Feed, StaleChanges
from stream.observation.seen_states import SEEN_COUNT
from stream.spec import ControlSpec, LocalSpan, PeakSpec, Spec
from stream.units import HOUR_MS, MINUTE_MS, NEVER_MS
from tests.control.floor import START_MS, queue_trace

SHIFT_MS = 8 * HOUR_MS
SHIFTS_PER_MONTH = 22
PIECE_MS = 10 * MINUTE_MS
ALWAYS_PEAK = Spec(peaks=(PeakSpec(LocalSpan(0, 0)),), control=ControlSpec(gate=False))
"""All day is a peak and the gate is off, so that every page limit that is reached pages."""
_NONE = np.zeros(0, np.int64)


def shift(
    random: np.random.Generator, teams: int, size: int, from_ms: int, control: ControlSpec
) -> Iterator[Feed]:
    """One shift of healthy teams, each a pool of its own: exponential spells, stationary."""
    team = np.repeat(np.arange(teams), size)
    away = random.random(teams * size) < control.aux_rate
    heads = np.zeros((teams, SEEN_COUNT), np.int32)
    np.add.at(heads, (team, np.where(away, State.aux, State.talking)), 1)
    changes = _changes(random, away, team, from_ms, control)
    queue = queue_trace([(from_ms, 0, NEVER_MS)], known=False)
    names = [f"a{i}" for i in range(len(team))]
    for start in range(from_ms, from_ms + SHIFT_MS, PIECE_MS):
        first, last = np.searchsorted(changes.at_ms, [start, start + PIECE_MS])
        piece = Changes(*(getattr(changes, field.name)[first:last] for field in fields(changes)))
        yield Feed(
            start,
            start + PIECE_MS,
            [TeamKey("main", f"p{i}", f"t{i}") for i in range(teams)],
            [PoolKey("main", f"p{i}") for i in range(teams)],
            np.arange(teams),
            names,
            heads.copy(),
            piece,
            [queue] * teams,
            np.zeros(teams, np.bool_),
            StaleChanges(_NONE, _NONE, np.zeros(0, np.bool_)),
            np.ones(teams, np.int64),
        )
        np.add.at(heads, (piece.team_after, piece.state_after), 1)
        np.add.at(heads, (piece.team_before, piece.state_before), -1)


def _changes(
    random: np.random.Generator, away: Bool, team: I64, from_ms: int, control: ControlSpec
) -> Changes:
    """All changes of a shift, in order."""
    p, spell_ms = control.aux_rate, control.aux_spell_ms
    who, state, now = np.arange(len(away)), away, np.zeros(len(away))
    found: list[tuple[I64, I64, Bool]] = []
    while len(who):
        mean_ms = np.where(state, spell_ms, spell_ms * (1 - p) / p)
        now = now + random.exponential(mean_ms)
        inside = now < SHIFT_MS
        who, state, now = who[inside], ~state[inside], now[inside]
        found.append((now.astype(np.int64) + from_ms, who, state))
    at_ms = np.concatenate([piece[0] for piece in found])
    agent = np.concatenate([piece[1] for piece in found])
    to_aux = np.concatenate([piece[2] for piece in found])
    order = np.argsort(at_ms, kind="stable")
    at_ms, agent, to_aux = at_ms[order], agent[order], to_aux[order]
    after = np.where(to_aux, State.aux, State.talking).astype(np.uint8)
    before = np.where(to_aux, State.talking, State.aux).astype(np.uint8)
    return Changes(at_ms, agent, team[agent], before, team[agent], after, to_aux, at_ms)


def rates_per_month(size: int, team_months: int, seed: int = 1) -> dict[str, float]:
    """A team-month's pages, and by detector the times that each limit was reached."""
    random = np.random.default_rng(seed)
    seen: Counter[str] = Counter()
    for number in range(SHIFTS_PER_MONTH):
        control = Control(ALWAYS_PEAK)
        from_ms = START_MS + number * SHIFT_MS
        for feed in shift(random, team_months, size, from_ms, ALWAYS_PEAK.control):
            for t in control.advance(feed):
                if t.team and t.to != Verdict.in_control:
                    seen["pages"] += t.notify and t.severity == Severity.page
                    seen[f"{t.detector} {t.to.value}"] += t.before != t.to
    return {name: count / team_months for name, count in sorted(seen.items())}


if __name__ == "__main__":
    months = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    for heads in (5, 10, 15, 30, 100):
        print(heads, rates_per_month(heads, months))
