"""The contract of the windows, on drawn histories, against a reference that shares no code.

FLOORWATCH_HISTORIES says how many histories each property sees (100); the draw is the same in
every run. A failure prints the smallest history that shows it, as events.
"""

from tests.reference import against, engine_properties
from tests.reference.histories import drawn, history_of
from tests.reference.kinds import count
from tests.reference.minimal import tried


def test_every_figure_is_the_naive_references_to_the_millisecond() -> None:
    for seed in drawn("contract"):
        count(history_of(seed))
        tried(against.check, history_of(seed))


def test_an_agents_states_add_up_to_the_length_of_the_window() -> None:
    for seed in drawn("contract"):
        tried(engine_properties.check_accounts, history_of(seed))


def test_no_admissible_order_and_no_repetition_changes_a_figure() -> None:
    seeds = drawn("contract")
    compared = [tried(engine_properties.check_converges, history_of(seed)) for seed in seeds]
    assert sum(compared) >= len(seeds) // 2
