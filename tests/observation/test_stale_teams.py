"""Which teams are stale as changes follow each other, against a count at each instant."""

from collections import Counter
from random import Random
from typing import NamedTuple

import numpy as np
import pytest

from stream.events.language import State
from stream.observation.feed import Changes
from stream.observation.seen_states import DAY_OVER, SEEN_COUNT, SILENT
from stream.observation.stale_teams import stale_teams

SEEN = (int(State.available), int(State.unknown), int(State.offline), DAY_OVER, SILENT, SILENT)
TEAMS = 4
NOBODY = -1


class Change(NamedTuple):
    at_ms: int
    agent: int
    before: tuple[int, int]
    """Team and what is seen."""
    after: tuple[int, int]


def drawn(random: Random) -> tuple[dict[int, tuple[int, int]], list[Change]]:
    """Agents as they are before, and changes in order; some come, and some change team."""
    agents = random.randint(1, 12)
    now = {
        agent: (random.randrange(TEAMS), random.choice(SEEN))
        for agent in range(agents)
        if random.random() < 0.8
    }
    start, changes = dict(now), list[Change]()
    for at_ms in sorted(random.randrange(10) for _ in range(random.randint(0, 30))):
        agent = random.randrange(agents)
        before = now.get(agent, (NOBODY, int(State.offline)))
        team = before[0] if before[0] >= 0 and random.random() < 0.8 else random.randrange(TEAMS)
        now[agent] = (team, random.choice(SEEN))
        changes.append(Change(at_ms, agent, before, now[agent]))
    return start, changes


def slow(seats: dict[int, tuple[int, int]]) -> list[bool]:
    """By team: whether at least half of those who are not offline depend on silent sources."""
    heads = Counter(seats.values())
    silent = [heads[team, SILENT] for team in range(TEAMS)]
    there = [sum(heads[team, seen] for seen in {*SEEN} - {State.offline}) for team in range(TEAMS)]
    return [bool(some) and 2 * some >= all_ for some, all_ in zip(silent, there, strict=True)]


@pytest.mark.parametrize("seed", range(200))
def test_a_team_is_stale_exactly_while_half_of_those_who_are_there_depend_on_silent_sources(
    seed: int,
) -> None:
    now, changes = drawn(Random(seed))
    heads = np.zeros((TEAMS, SEEN_COUNT), np.int64)
    for team, seen in now.values():
        heads[team, seen] += 1

    stale, turns = stale_teams(heads, columns(changes))

    found = stale.tolist()
    assert found == slow(now)
    for at_ms in range(10):
        now.update({one.agent: one.after for one in changes if one.at_ms == at_ms})
        before = list(found)
        for team, is_stale in zip(
            turns.team[turns.at_ms == at_ms], turns.stale[turns.at_ms == at_ms], strict=True
        ):
            found[team] = bool(is_stale)
            assert found[team] != before[team], "each turn of a team is told once"
        assert found == slow(now), at_ms
    assert (np.diff(turns.at_ms) >= 0).all()


def columns(changes: list[Change]) -> Changes:
    rows = [(c.at_ms, c.agent, *c.before, *c.after) for c in changes]
    at_ms, agent, team, seen, new_team, new_seen = np.array(rows, np.int64).reshape(-1, 6).T
    none = np.zeros(len(rows), np.bool_)
    narrow = seen.astype(np.uint8), new_seen.astype(np.uint8)
    return Changes(at_ms, agent, team, narrow[0], new_team, narrow[1], none, at_ms)
