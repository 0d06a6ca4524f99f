"""Local clock readings to instants."""

from datetime import date, datetime, time, timedelta, tzinfo

from stream.units import SECOND_MS

_QUARTER_S = 900


class LocalClock:
    """Turns (date, seconds after its midnight) into epoch milliseconds.

    A reading that is repeated in autumn is the first one; one that is skipped in spring has the
    offset before the change. A zone's offset is looked up once a quarter-hour.
    """

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._quarters: dict[tuple[date, int], int] = {}

    def epoch_ms(self, day: date, second: int) -> int:
        """The instant; `second` may be beyond the day's end."""
        quarter, rest = divmod(second, _QUARTER_S)
        start_s = self._quarters.get((day, quarter))
        if start_s is None:
            local = datetime.combine(day, time()) + timedelta(seconds=quarter * _QUARTER_S)
            start_s = int(local.replace(tzinfo=self._zone).timestamp())
            self._quarters[day, quarter] = start_s
        return (start_s + rest) * SECOND_MS
