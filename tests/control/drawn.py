"""Floors drawn by hypothesis: walk-outs, returns, logins, silences, queues, late news."""

from collections.abc import Sequence

from hypothesis import strategies as st

from stream.events.language import State
from stream.spec import ControlSpec, LocalSpan, PeakSpec, ShiftSpec, Spec
from stream.units import NEVER_MS
from tests.control.floor import START_MS, Floor, spec

SPAN_S = 25 * 60
"""Floors last this long: past dwells, holds and the reopening of an episode."""
_TEAMS = ("red", "blue", "green")
_STATES = (
    State.available,
    State.available,
    State.talking,
    State.talking,
    State.ringing,
    State.hold,
    State.acw,
    State.aux,
    State.aux,
    State.aux,
    State.aux,
    State.meal,
    State.unknown,
    State.offline,
)


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    """Peaks, shift edges and opening hours whose edges lie within the floor's time."""
    first = 10 * 60 + draw(st.integers(-5, 15))
    peaks = (PeakSpec(LocalSpan(first, first + draw(st.integers(1, 40)))),)
    shifts: tuple[ShiftSpec, ...] = ()
    if draw(st.integers(0, 3)) == 0:
        edge = 10 * 60 + draw(st.integers(-5, 40))
        shifts = (ShiftSpec((LocalSpan(edge, edge + 8 * 60),), team="red"),)
    opening: tuple[LocalSpan, ...] = ()
    if draw(st.booleans()):
        opens, lasts = draw(st.integers(-60, 20)), draw(st.integers(1, 70))
        opening = (LocalSpan(10 * 60 + opens, 10 * 60 + opens + lasts),)
    states = frozenset({State.aux})
    if draw(st.integers(0, 3)) == 0:
        states = frozenset({State.aux, State.meal})
    control = ControlSpec(entry_states=states, gate=draw(st.integers(0, 4)) > 0)
    return spec(
        peaks=draw(st.sampled_from([peaks, ()])) or peaks,
        opening=opening,
        shifts=shifts,
        control=control,
    )


@st.composite
def floors(draw: st.DrawFn, config: Spec, states: Sequence[State] = _STATES) -> Floor:
    """Two teams of one pool and one of another, with waves of movement on whole seconds."""
    floor = Floor(
        {"red": "main", "blue": "main", "green": "other"},
        entry_states=config.control.entry_states,
        resolution_ms=draw(st.sampled_from([1, 1000, 5000])),
    )
    agents = floor.staff(draw(st.integers(3, 14)))
    agents += floor.staff(draw(st.integers(0, 12)), "blue", State.available)
    agents += floor.staff(draw(st.integers(0, 6)), "green", State.available)
    for _ in range(draw(st.integers(1, 9))):
        _wave(draw, floor, agents, states)
    for _ in range(draw(st.integers(0, 6))):
        at_ms = _instant(draw)
        waiting = draw(st.integers(0, 4))
        since = at_ms - 1000 * draw(st.integers(0, 30)) if waiting else NEVER_MS
        floor.calls(at_ms, waiting, since, draw(st.sampled_from(["main", "main", "other"])))
    for _ in range(draw(st.integers(0, 2))):
        floor.silence(
            _instant(draw),
            stale=draw(st.booleans()),
            team=draw(st.sampled_from(_TEAMS)),
        )
    return floor


def _instant(draw: st.DrawFn) -> int:
    return START_MS + 1000 * draw(st.integers(0, SPAN_S - 1))


def _wave(draw: st.DrawFn, floor: Floor, agents: list[str], states: Sequence[State]) -> None:
    """Some agents, most of a team or of all, or a few of each, one soon after the other."""
    kind = draw(st.sampled_from(("some", "some", "most", "few of each")))
    if kind == "some":
        who = draw(st.lists(st.sampled_from(agents), min_size=1, max_size=9, unique=True))
    elif kind == "most":
        name = draw(st.sampled_from((*_TEAMS, "")))
        who = [agent for agent in agents if agent.startswith(name)]
        who = who[draw(st.sampled_from([0, 0, 1, 3])) :]
    else:
        who = sorted(agents, key=lambda agent: int(agent.split("-")[1]))[: draw(st.integers(3, 9))]
    state = draw(st.sampled_from(states))
    at_ms, every_ms = _instant(draw), 1000 * draw(st.integers(0, 20))
    late_ms = 1000 * draw(st.sampled_from([0, 0, 0, 0, 20, 200]))
    team = draw(st.sampled_from(["", "", "", "", "", "blue"]))
    for i, agent in enumerate(who):
        at = min(at_ms + i * every_ms, START_MS + 1000 * SPAN_S - 1)
        own = team or agent.split("-")[0]
        floor.set(at, agent, state, own, sync=draw(st.integers(0, 9)) == 0, entry_ms=at - late_ms)
