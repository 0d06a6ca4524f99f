"""How often views are published with a backlog."""

from stream.agents.view_publisher import behind_ticks


def test_with_a_backlog_views_take_a_twentieth_of_the_time_but_come_each_half_minute() -> None:
    assert behind_ticks(took_ms=0, task_count=8) == 5
    assert behind_ticks(took_ms=30, task_count=8) == 5
    assert behind_ticks(took_ms=100, task_count=8) == 16
    assert behind_ticks(took_ms=100, task_count=1) == 5
    assert behind_ticks(took_ms=9_000, task_count=8) == 30
