"""Calls as customers and PBXs make them: each a short script of events, chosen by a seed."""

from collections.abc import Callable
from random import Random
from typing import Any, Final, NamedTuple

from tests.reference.records import Event
from tests.reference.rules import SECOND

Step = tuple[int, str, dict[str, Any]]
"""Milliseconds after the one before, phase, further fields."""


class Desk(NamedTuple):
    """Who may take a call, and where it may wait."""

    agents: tuple[str, ...]
    pools: tuple[str, ...]


def _plain(random: Random, desk: Desk) -> list[Step]:
    who = {"agent": random.choice(desk.agents)}
    hold: dict[str, Any] = random.choice([{}, {"hold_s": 7}, {"talk_s": 40, "hold_s": 5}])
    return [
        (0, "offered", {"pool": random.choice(desk.pools)}),
        (_some(random, 30), "answered", who | random.choice([{}, {"wait_s": 4}])),
        (_some(random, 90), "ended", who | hold | {"by": "customer"}),
        (_some(random, 40), "wrapped", who | {"acw_s": random.randint(0, 30)}),
    ]


def _abandoned(random: Random, desk: Desk) -> list[Step]:
    last = random.choice(["abandoned", "abandoned", "ended"])
    return [
        (0, "offered", {"pool": random.choice(desk.pools)}),
        (_some(random, 60), last, {}),
    ]


def _transfer(random: Random, desk: Desk) -> list[Step]:
    one, two = {"agent": desk.agents[0]}, {"agent": desk.agents[-1]}
    steps = _plain(random, desk)[:1]
    steps += [(_some(random, 20), "answered", one), (_some(random, 60), "answered", two)]
    if random.random() < 0.6:
        steps.append((random.choice([0, 0, 900]), "ended", one))
    return [*steps, (_some(random, 60), "ended", two)]


def _returning(random: Random, desk: Desk) -> list[Step]:
    one, two = {"agent": desk.agents[0]}, {"agent": desk.agents[-1]}
    steps = _plain(random, desk)[:1]
    for who in (one, two, one):
        steps += [(random.choice([0, 5]) * SECOND, "answered", who)]
        steps += [(_some(random, 60) + 2 * SECOND, "ended", who)]
    return steps


def _requeued(random: Random, desk: Desk) -> list[Step]:
    one, two = {"agent": desk.agents[0]}, {"agent": desk.agents[-1]}
    steps: list[Step] = [(0, "offered", {"pool": desk.pools[0]})]
    if random.random() < 0.6:
        steps += [(_some(random, 20), "answered", one)]
        steps += [(_some(random, 60), "ended", one)]
    steps += [(random.choice([0, 3 * SECOND]), "offered", {"pool": desk.pools[-1]})]
    return [*steps, (_some(random, 60), "answered", two), (_some(random, 60), "ended", two)]


def _callback(random: Random, desk: Desk) -> list[Step]:
    steps: list[Step] = [
        (0, "offered", {"pool": random.choice(desk.pools)}),
        (_some(random, 40), "callback_requested", {}),
    ]
    if random.random() < 0.5:
        steps.append((_some(random, 200), "callback_done", {}))
    return steps


def _open(random: Random, desk: Desk) -> list[Step]:
    return _plain(random, desk)[: random.randint(1, 2)]


def _odd(random: Random, desk: Desk) -> list[Step]:
    steps = [*_plain(random, desk), (0, "abandoned", {}), (0, "answered", {"agent": "zoe"})]
    random.shuffle(steps)
    return steps[: random.randint(2, 5)]


SCRIPTS: Final[dict[str, Callable[[Random, Desk], list[Step]]]] = {
    "plain_call": _plain,
    "abandoned_call": _abandoned,
    "transfer": _transfer,
    "return": _returning,
    "re_queue": _requeued,
    "call_back": _callback,
    "open_call": _open,
    "contradiction": _odd,
}


def _some(random: Random, seconds: int) -> int:
    """Some milliseconds, often whole seconds."""
    return random.choice([random.randint(0, seconds) * SECOND, random.randint(0, seconds * SECOND)])


def drawn_call(
    random: Random, desk: Desk, name: str, start: int, source: str
) -> tuple[str, list[Event]]:
    """A call that begins at an instant: its kind, and its events in order, some of them resent."""
    kind = random.choice(list(SCRIPTS))
    ts, events = start, list[Event]()
    for wait, phase, more in SCRIPTS[kind](random, desk):
        ts += wait
        event: dict[str, Any] = {"type": "call", "ts": ts, "call": name, "phase": phase}
        event |= {"source": source} | more
        events.append(event)
    again = [dict(event) for event in events if random.random() < 0.15]
    for event in again:
        event["ts"] += random.choice([0, 300, 1_900, 2_000, 2_100])
    return kind, sorted([*events, *again], key=lambda event: int(event["ts"]))
