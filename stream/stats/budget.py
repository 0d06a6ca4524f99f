"""Budgets of false alarms: so many per day, week or month of a team's working time."""

from dataclasses import dataclass

_SHIFTS_PER_WEEK = 5


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """How long a team is watched: a day is one shift, a week five, a month as many as given.

    "A month of three peak hours a day" is ``WorkingTime(shift_hours=3)``.
    """

    shift_hours: float = 8.0
    shifts_per_month: int = 22

    @property
    def day_min(self) -> float:
        """Minutes of a day."""
        return self.shift_hours * 60

    @property
    def week_min(self) -> float:
        """Minutes of a week."""
        return self.day_min * _SHIFTS_PER_WEEK

    @property
    def month_min(self) -> float:
        """Minutes of a month."""
        return self.day_min * self.shifts_per_month

    def per_day(self, count: float) -> float:
        """The rate per minute of so many a day."""
        return count / self.day_min

    def per_week(self, count: float) -> float:
        """The rate per minute of so many a week."""
        return count / self.week_min

    def per_month(self, count: float) -> float:
        """The rate per minute of so many a month."""
        return count / self.month_min
