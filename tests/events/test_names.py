"""Names of a snapshot get the numbers that they had, and later ones follow them."""

import pytest

from stream.events.names import Names

COLUMNS = ("source_floor", "pool_floor", "team_floor", "team_pool", "agent_floor")
NUMBERINGS = ("floors", "sources", "pools", "teams", "agents", "seats")


def meet(names: Names, first: int, last: int) -> None:
    """People turn up on their floors, some in two teams."""
    for number in range(first, last):
        floor = f"floor-{number % 3}"
        names.source(floor, f"pbx-{number % 5}")
        names.pool(floor, f"pool-{number % 4}")
        names.seat(floor, f"agent-{number % 100}", f"team-{number % 7}", 0)


def held(names: Names) -> dict[str, object]:
    columns = {name: getattr(names, name).data.tolist() for name in COLUMNS}
    numberings = {name: dict(getattr(names, name).number_of) for name in NUMBERINGS}
    seats = {"agent": names.seat_agent.data.tolist(), "team": names.seat_team.data.tolist()}
    return {**columns, **numberings, **seats}


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 300])
def test_names_are_filled_with_the_numbers_they_had_and_more_may_come(count: int) -> None:
    names, filled = Names(), Names()
    meet(names, 0, count)
    filled.fill(names.to_lists())
    assert held(filled) == held(names)
    meet(names, count, 2 * count + 70)
    meet(filled, count, 2 * count + 70)
    assert held(filled) == held(names)


def test_seats_that_are_added_together_have_the_numbers_that_they_would_have_one_by_one() -> None:
    alone, together = Names(), Names()
    for names in (alone, together):
        meet(names, 0, 40)
    before = len(alone.seats)
    meet(alone, 40, 300)
    new = alone.seats.keys[before:]
    for number in range(40, 300):
        together.source(f"floor-{number % 3}", f"pbx-{number % 5}")
        together.pool(f"floor-{number % 3}", f"pool-{number % 4}")
    together.add_seats(new[:100])
    together.add_seats([])
    together.add_seats(new[100:])
    assert held(together) == held(alone)
