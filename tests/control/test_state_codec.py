"""Carried state as bytes."""

import orjson
import pytest

from stream.control.control import Control
from stream.errors import StateError
from stream.events.language import State
from tests.control.floor import Floor, m, run_control, s, spec


def busy() -> Floor:
    floor = Floor({"red": "main", "blue": "other"})
    floor.calls(s(0), 2, s(-30))
    floor.all_set(s(100), floor.staff(10)[:5], State.aux, every_ms=2_000)
    floor.staff(1, "blue", State.aux)
    return floor


def test_the_same_past_gives_the_same_bytes_in_the_order_of_names() -> None:
    states = []
    for _ in range(2):
        control = Control(spec())
        run_control(control, busy(), s(120), cuts=(s(50),))
        states.append(control.snapshot())
    assert states[0] == states[1]
    found = orjson.loads(states[0])
    assert [row[2] for row in found["teams"]] == ["red"]
    assert [row[1] for row in found["pools"]] == ["main", "other"]
    assert len(states[0]) < 1_000


def test_numbers_may_differ_after_a_restore() -> None:
    first, other = busy(), busy()
    other.pool_of = dict(reversed(other.pool_of.items()))
    control = Control(spec())
    run_control(control, first, s(120))
    again = Control(spec())
    again.restore(control.snapshot())
    assert again.next_deadline() == control.next_deadline()
    one = control.advance(first.feed(s(120), m(20)))
    assert again.advance(other.feed(s(120), m(20))) == one


def test_state_of_a_team_that_no_feed_names_yet_is_kept() -> None:
    control = Control(spec())
    run_control(control, busy(), s(120))
    state = control.snapshot()
    again = Control(spec())
    again.restore(state)
    only_blue = Floor({"blue": "other"})
    only_blue.staff(1, "blue", State.aux)
    again.advance(only_blue.feed(s(120), s(121)))
    kept = {tuple(row[:3]) for row in orjson.loads(again.snapshot())["teams"]}
    assert ("main", "main", "red") in kept


@pytest.mark.parametrize(
    "state", [b"", b"{}", b"[]", b"\xff", b'{"format":2}', b'{"format":1,"judged_ms":0}']
)
def test_other_formats_are_refused(state: bytes) -> None:
    with pytest.raises(StateError):
        Control(spec()).restore(state)


def test_a_feed_that_was_judged_is_not_judged_again() -> None:
    control = Control(spec())
    assert run_control(control, busy(), s(120))
    assert control.advance(busy().feed(s(100), s(120))) == []
