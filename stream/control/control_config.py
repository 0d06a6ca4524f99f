"""What holds for all feeds: the configuration, and what is derived from it once."""

from collections.abc import Mapping, Sequence

from stream.calendar.hours import HoursLookup
from stream.calendar.schedule_union import ScheduleUnion
from stream.control.alerts import suppression
from stream.control.alerts.suppression import Suppression
from stream.control.detectors.protocol import Hold
from stream.control.head_counts import CountPacking
from stream.control.limits import limits_of
from stream.events.language import State
from stream.fingerprint import fingerprint
from stream.ids import PoolKey, TeamKey
from stream.spec import Spec


class ControlConfig:
    """What holds for all feeds: the configuration, the limits, and hours by team and pool."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.limits = limits_of(spec.control)
        self.hours = HoursLookup(spec)
        self.away = CountPacking(spec.control.entry_states | {State.aux}, exempt=0)
        self.counts_only_aux = spec.control.entry_states <= {State.aux}
        self.config = fingerprint(spec)
        self._suppressions: dict[TeamKey, Sequence[tuple[Hold | None, Suppression]]] = {}
        self._exempting: tuple[int, Mapping[int, Sequence[Suppression]]] = (0, {})
        self._peaks: tuple[int, frozenset[ScheduleUnion]] = (0, frozenset())

    def peaks(self, pools: Sequence[PoolKey]) -> frozenset[ScheduleUnion]:
        """The peaks of all pools, each once."""
        if self._peaks[0] != len(pools):
            self._peaks = (len(pools), frozenset(self.hours.peak(pool) for pool in pools))
        return self._peaks[1]

    def suppressions(self, key: TeamKey) -> Sequence[tuple[Hold | None, Suppression]]:
        """What suppresses alarms of a team by configuration, and as which hold."""
        found = self._suppressions.get(key)
        if found is None:
            found = self._suppressions[key] = suppression.of_team(self.hours, key)
        return found

    def exempting(self, teams: Sequence[TeamKey]) -> Mapping[int, Sequence[Suppression]]:
        """By number of a team, its suppressions that may exempt heads or entries, if any."""
        if self._exempting[0] != len(teams):
            found: dict[int, Sequence[Suppression]] = {}
            for number, key in enumerate(teams):
                parts = [part for _hold, part in self.suppressions(key) if part.exempts]
                if parts:
                    found[number] = parts
            self._exempting = (len(teams), found)
        return self._exempting[1]
