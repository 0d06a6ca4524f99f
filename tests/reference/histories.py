"""Drawn histories: days at work, and short programmes that hit every edge, each from a seed."""

import os
from dataclasses import replace
from random import Random
from typing import Final

from tests.reference import days, steps
from tests.reference.history import History
from tests.reference.rules import Rules

HISTORIES: Final = int(os.environ.get("FLOORWATCH_HISTORIES") or "100")
"""How many histories each property sees."""
DAYS: Final = 0.2
"""The share of days: they are ten times as long as programmes of steps."""


def history_of(seed: str) -> History:
    """The history of a seed; in some of them the rules change on the way."""
    random = Random(seed)
    drawn = days.days_of if random.random() < DAYS else steps.steps_of
    history = drawn(random, seed)
    return _changing(random, history) if random.random() < 0.1 else history


def drawn(name: str, count: int = HISTORIES) -> list[str]:
    """The seeds of so many histories, the same in every run."""
    return [f"{name} {number}" for number in range(count)]


def _changing(random: Random, history: History) -> History:
    """Other rules of sources and another roster from some record on, or all rules anew."""
    rules = history.rules
    zone = rules.pool("main", "main").zone
    other = days.drawn_rules(random, zone)
    kind = "calendar_change" if random.random() < 0.3 else "rules_change"
    if kind == "rules_change":
        other = changed(rules, other)
    place = random.randrange(len(history.records))
    kinds = {**history.kinds, kind: 1}
    return replace(history, kinds=kinds, changes=((place, other),))


def changed(rules: Rules, other: Rules) -> Rules:
    """Other rules of sources and another roster; teams keep their pools, and so their calendars."""
    roster = tuple(one._replace(pool=rules.pool_of(one.team)) for one in other.roster)
    spec = replace(rules.spec, sources=other.spec.sources)
    return replace(rules, spec=spec, roster=roster or rules.roster)
