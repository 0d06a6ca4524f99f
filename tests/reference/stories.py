"""Short stories of one busy floor, in order, for the checks of control: walk-outs at a peak."""

from random import Random
from typing import Any, Final

from hypothesis import strategies as st

from stream.spec import ControlSpec, LocalSpan, PeakSpec, ShiftSpec, SourceSpec, Spec
from tests.reference.history import History
from tests.reference.naive import Event

NOON: Final = 1_772_452_800_000
"""2026-03-02T12:00:00Z"""
SECOND: Final = 1_000
PEAKS: Final = (
    (),
    (PeakSpec(LocalSpan(11 * 60, 13 * 60)),),
    (PeakSpec(LocalSpan(11 * 60, 12 * 60 + 1)),),
    (PeakSpec(LocalSpan(12 * 60 + 1, 13 * 60)),),
)
SHIFTS: Final[tuple[tuple[ShiftSpec, ...], ...]] = (
    (),
    (ShiftSpec((LocalSpan(360, 721), LocalSpan(721, 1080))),),
)


def stories() -> st.SearchStrategy[History]:
    """Stories of some four minutes; what they do is decided by a seed."""
    return st.binary(min_size=8, max_size=8).map(lambda seed: story_of(seed.hex()))


def story_of(seed: str) -> History:
    """A team of 5 to 16 at work; some of them leave within seconds, and some come back."""
    random = Random(seed)
    heads = random.randint(5, 16)
    spec = Spec(
        sources=(SourceSpec(heartbeat_ms=random.choice([None, 20_000])),),
        peaks=random.choice(PEAKS),
        shifts=random.choice(SHIFTS),
        control=ControlSpec(gate=random.random() < 0.5),
        event_clock=True,
    )
    begin = NOON - 150 * SECOND
    events: list[Event] = [_state(begin, agent, "available") for agent in range(heads)]
    events += [_heartbeat(begin + beat * 30 * SECOND) for beat in range(1, 5)]
    now = NOON
    for _ in range(random.randint(heads, 40)):
        now += random.choice([0, 1, random.randint(0, 999), random.randint(0, 5) * SECOND])
        events.append(_act(random, now, heads))
    looks = (now, now + random.randint(0, 90) * SECOND)
    times = tuple(int(event["ts"]) for event in events)
    return History(spec, (), tuple(events), times, (1,) * len(events), looks, seed)


def _act(random: Random, now: int, heads: int) -> Event:
    kind, agent = random.random(), random.randrange(heads)
    if kind < 0.6:
        return _state(now, agent, "aux")
    if kind < 0.75:
        return _state(now, agent, random.choice(["available", "talking", "offline"]))
    if kind < 0.9:
        phase = random.choice(["offered", "offered", "abandoned"])
        name = f"c{random.randrange(7)}"
        call: dict[str, Any] = {"type": "call", "ts": now, "call": name, "phase": phase}
        return call
    return _heartbeat(now)


def _state(ts: int, agent: int, name: str) -> Event:
    return {"type": "state", "ts": ts, "agent": f"a{agent}", "team": "blue", "state": name}


def _heartbeat(ts: int) -> Event:
    return {"type": "heartbeat", "ts": ts}
