"""What holds for all feeds: the configuration, and what is derived from it once."""

from collections.abc import Sequence

from stream.calendar.hours import HoursLookup, ScheduleUnion
from stream.control.head_counts import CountPacking
from stream.control.limits import limits_of
from stream.events.language import State
from stream.fingerprint import fingerprint
from stream.ids import PoolKey
from stream.spec import Spec


class ControlConfig:
    """What holds for all feeds: the configuration, the limits, and hours by team and pool."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.limits = limits_of(spec.control)
        self.hours = HoursLookup(spec)
        self.away = CountPacking(spec.control.entry_states | {State.aux})
        self.counts_only_aux = spec.control.entry_states <= {State.aux}
        self.config = fingerprint(spec)
        self._peaks: tuple[int, frozenset[ScheduleUnion]] = (0, frozenset())

    def peaks(self, pools: Sequence[PoolKey]) -> frozenset[ScheduleUnion]:
        """The peaks of all pools, each once."""
        if self._peaks[0] != len(pools):
            self._peaks = (len(pools), frozenset(self.hours.peak(pool) for pool in pools))
        return self._peaks[1]
