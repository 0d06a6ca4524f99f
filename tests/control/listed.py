"""Floors on which the added detectors, `idle.py` and `ringing.py`, find something."""

from stream.control.model import Transition
from stream.events.language import State
from stream.spec import Spec
from stream.units import SECOND_MS
from tests.control.floor import Floor, lines, m, run, s, spec
from tests.control.ringing import RINGING

PLAIN = spec(peaks=())
Line = tuple[float, str, str, str, str]


def freed(free: int = 6, of: int = 10, until_s: float = 400) -> Floor:
    """So many become free after a minute, and talk again later."""
    floor = Floor()
    agents = floor.staff(of)
    floor.all_set(s(60), agents[:free], State.available)
    floor.all_set(s(until_s), agents[:free], State.talking)
    return floor


def rung(ringing: int = 4, of: int = 10, until_s: float = 300) -> Floor:
    """So many ring after a minute, and talk again later; nobody is free and nobody waits."""
    floor = Floor()
    floor.calls(0, 0)
    agents = floor.staff(of)
    floor.all_set(s(60), agents[:ringing], State.ringing)
    floor.all_set(s(until_s), agents[:ringing], State.talking)
    return floor


def of_ringing(found: list[Transition]) -> list[Line]:
    return [line for line in lines(found) if line[2] == RINGING]


def silenced(floor: Floor) -> Floor:
    """Its source is silent for a while."""
    floor.silence(s(100), stale=True)
    floor.silence(s(200), stale=False)
    return floor


def ways(floor: Floor, config: Spec) -> list[list[Transition]]:
    """With the calm filter and without, in one piece, in some, and in pieces of a second."""
    every_second = tuple(range(s(1), m(20), SECOND_MS))
    cuts = ((), (s(90), s(120), s(180), s(200)), every_second)
    return [
        run(floor, config, m(20), cut, calm_filter=calm_filter)
        for cut in cuts
        for calm_filter in (True, False)
    ]
