"""The contract of the windows, on drawn histories, against a reference that shares no code.

FLOORWATCH_HISTORIES says how many histories each property sees (100); the draw is the same in
every run. A failure prints the smallest history that shows it, as events.
"""

from hypothesis import given

from tests.reference import properties
from tests.reference.histories import SEEDED, histories
from tests.reference.history import History
from tests.reference.labels import count
from tests.reference.minimal import tried


@SEEDED
@given(histories())
def test_every_figure_is_the_naive_references_to_the_millisecond(history: History) -> None:
    count(history)
    tried(properties.check_equals_reference, history)


@SEEDED
@given(histories())
def test_an_agents_states_add_up_to_the_length_of_the_window(history: History) -> None:
    tried(properties.check_accounts, history)


@SEEDED
@given(histories())
def test_no_admissible_order_and_no_repetition_changes_a_figure(history: History) -> None:
    tried(properties.check_converges, history)
