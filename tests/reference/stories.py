"""Short stories of one busy floor, in order, for the checks of control: walk-outs at a peak."""

from typing import Any, Final

from hypothesis import strategies as st

from stream.spec import ControlSpec, LocalSpan, PeakSpec, ShiftSpec, SourceSpec, Spec
from tests.reference.history import History
from tests.reference.naive import Event

NOON: Final = 1_772_452_800_000
"""2026-03-02T12:00:00Z"""
SECOND: Final = 1_000
SPANS: Final = {
    "peak": PeakSpec(LocalSpan(11 * 60, 13 * 60)),
    "peak ends": PeakSpec(LocalSpan(11 * 60, 12 * 60 + 2)),
    "peak begins": PeakSpec(LocalSpan(12 * 60 + 2, 13 * 60)),
}


@st.composite
def stories(draw: st.DrawFn) -> History:
    """A team of 5 to 16 at work; some of them leave within seconds, and some come back."""
    heads = draw(st.integers(5, 16))
    peak = draw(st.sampled_from([*SPANS, "none"]))
    spec = Spec(
        sources=(SourceSpec(heartbeat_ms=draw(st.sampled_from([None, 20_000]))),),
        peaks=(SPANS[peak],) if peak != "none" else (),
        shifts=draw(
            st.sampled_from([(), (ShiftSpec((LocalSpan(360, 722), LocalSpan(722, 1080))),)])
        ),
        control=ControlSpec(gate=draw(st.booleans())),
        event_clock=True,
    )
    acts = draw(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 9_000), st.integers(0, 255)),
                         min_size=heads, max_size=50))  # fmt: skip
    begin = NOON - 330 * SECOND
    events: list[Event] = [_state(begin, agent, "available") for agent in range(heads)]
    events += [_heartbeat(begin + beat * 30 * SECOND) for beat in range(1, 11)]
    now = NOON
    for kind, gap, what in acts:
        now += gap if kind % 4 else gap // 1000 * SECOND
        events.append(_act(kind, now, what, heads))
    looks = (now, now + draw(st.integers(0, 200)) * SECOND)
    times = tuple(int(event["ts"]) for event in events)
    return History(spec, (), tuple(events), times, (1,) * len(events), looks)


def _state(ts: int, agent: int, name: str) -> Event:
    return {"type": "state", "ts": ts, "agent": f"a{agent}", "team": "blue", "state": name}


def _act(kind: int, now: int, what: int, heads: int) -> Event:
    agent = what % heads
    if kind < 12:
        return _state(now, agent, "aux")
    if kind < 15:
        return _state(now, agent, ("available", "talking", "offline")[what % 3])
    if kind < 18:
        phase = ("offered", "offered", "abandoned")[what % 3]
        call: dict[str, Any] = {"type": "call", "ts": now, "call": f"c{what % 7}", "phase": phase}
        return call
    return _heartbeat(now)


def _heartbeat(ts: int) -> Event:
    return {"type": "heartbeat", "ts": ts}
