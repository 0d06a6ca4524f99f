import pytest

from stream.events.language import State
from stream.spec import Spec
from tests.reference.ratios import Ratio, ratio_of

MINUTE = 60_000
AUX_RATE = next(one for one in Spec().ratios if one.name == "aux_rate")


def member(aux: int, exposure: int) -> list[int]:
    """So many minutes in aux, the others available."""
    spent = {State.aux: aux, State.available: exposure - aux}
    return [spent.get(state, 0) * MINUTE for state in State]


# statistics.md: aux (2, 3, 0, 5) min of exposure (10, 60, 60, 60) min
def test_the_published_example_of_member_mean_and_cv() -> None:
    members = [member(*one) for one in [(2, 10), (3, 60), (0, 60), (5, 60)]]
    rate = ratio_of(AUX_RATE, members, 60 * MINUTE)
    assert rate.ratio == pytest.approx(10 / 190)
    assert rate.members == 3
    assert rate.mean == pytest.approx((3 + 0 + 5) / 180)
    assert rate.cv == pytest.approx(0.9437, abs=5e-5)


def test_without_any_time_in_the_denominator_a_ratio_is_not_defined() -> None:
    assert ratio_of(AUX_RATE, [[0] * len(State)], 60 * MINUTE) == Ratio()
    assert ratio_of(AUX_RATE, [], 60 * MINUTE) == Ratio()
