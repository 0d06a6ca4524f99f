"""False-alarm budgets: counts per day, week or month of a team's working time, as rates."""

from dataclasses import dataclass

_SHIFTS_PER_WEEK = 5


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """How long a team is watched.

    A day is one shift, a week is five shifts, a month has `shifts_per_month` shifts. A month of
    three peak hours a day is ``WorkingTime(shift_hours=3)``.

    >>> WorkingTime().month_min
    10560.0
    >>> WorkingTime(shift_hours=3).month_min
    3960
    """

    shift_hours: float = 8.0
    shifts_per_month: int = 22

    @property
    def day_min(self) -> float:
        """Minutes per day."""
        return self.shift_hours * 60

    @property
    def week_min(self) -> float:
        """Minutes per week."""
        return self.day_min * _SHIFTS_PER_WEEK

    @property
    def month_min(self) -> float:
        """Minutes per month."""
        return self.day_min * self.shifts_per_month

    def per_day(self, count: float) -> float:
        """Convert a count per day into a rate per minute."""
        return count / self.day_min

    def per_week(self, count: float) -> float:
        """Convert a count per week into a rate per minute."""
        return count / self.week_min

    def per_month(self, count: float) -> float:
        """Convert a count per month into a rate per minute."""
        return count / self.month_min
