from tests.reference.live import Receipt, live_now
from tests.reference.rules import HOUR, SECOND, Rules

RULES = Rules()
NOON = 1_772_452_800_000


def receipt(source: str, second: int, ahead: int = 0, *, appended: bool = False) -> Receipt:
    """Received `second` seconds after noon, which is 5 000 by the monotonic clock."""
    return Receipt(source, NOON + second * SECOND + ahead, 5_000 + second * SECOND, appended)


def test_one_source_tells_the_time_and_the_monotonic_clock_goes_on() -> None:
    assert live_now(RULES, [], 5_000) is None
    assert live_now(RULES, [receipt("a", 0)], 12_000) == NOON + 7 * SECOND


def test_the_fastest_of_several_clocks_is_not_believed() -> None:
    fast = [receipt("fast", 0, HOUR), receipt("a", 0, -200), receipt("b", 0, -300)]
    assert live_now(RULES, fast, 5_000) == NOON - 200


def test_a_source_that_is_heard_no_longer_tells_no_time() -> None:
    told = [receipt("old", 0, 60), receipt("a", 100, 30), receipt("b", 100, 20)]
    assert live_now(RULES, told, 95_000) == NOON + 90 * SECOND + 30
    assert live_now(RULES, told, 95_001) == NOON + 90 * SECOND + 1 + 20


def test_where_the_broker_stamps_its_clock_is_the_time() -> None:
    told = [receipt("a", 0, HOUR), receipt("b", 0, HOUR), receipt("c", 0, 40, appended=True)]
    assert live_now(RULES, told, 5_000) == NOON + 40


def test_when_nobody_is_heard_the_last_time_goes_on() -> None:
    assert live_now(RULES, [receipt("a", 0)], 5_000 + HOUR) == NOON + HOUR
