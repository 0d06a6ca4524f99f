"""The contract of the windows, on drawn histories, against a reference that shares no code.

FLOORWATCH_HISTORIES says how many histories each property sees (100); the draw is the same in
every run. A failure prints the smallest history that shows it, as events.
"""

from hypothesis import given
from hypothesis import strategies as st

from tests.reference import properties
from tests.reference.histories import SEEDED, cuts, histories
from tests.reference.history import History
from tests.reference.minimal import tried


@SEEDED
@given(histories(), cuts())
def test_every_figure_is_the_naive_references_to_the_millisecond(
    history: History, stops: list[int]
) -> None:
    tried(properties.check_equals_reference, history, stops)


@SEEDED
@given(histories(), cuts())
def test_an_agents_states_add_up_to_the_length_of_the_window(
    history: History, stops: list[int]
) -> None:
    tried(properties.check_accounts, history, stops)


@SEEDED
@given(
    histories(),
    st.lists(st.integers(0, 12), min_size=3, max_size=17),
    st.lists(st.integers(0, 9), max_size=12),
)
def test_no_admissible_order_and_no_repetition_changes_a_figure(
    history: History, delays: list[int], repeats: list[int]
) -> None:
    tried(properties.check_converges, history, delays, repeats)
