"""The product without I/O: one shard with all its floors, as a pure function of its records.

`push` applies events, `step` advances time and evaluates, `figures` reads the figures. The worker,
replay, the tests and the benchmarks use this same class, so they cannot drift apart.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stream.control.control import Control
from stream.control.model import Transition
from stream.events.batch import EventBatch
from stream.events.language import I64, Rejected
from stream.events.names import Names
from stream.figures.compute import compute, members
from stream.figures.model import Figures, Member
from stream.figures.seat_sums import SeatSums, seat_sums
from stream.ids import PoolKey, TeamKey
from stream.observation.changes import observe_all
from stream.observation.feed import Feed
from stream.observation.last_observed import LastObserved, ObservedState
from stream.observation.observer import Observer
from stream.roster import NO_ROSTER, Roster
from stream.spec import Spec
from stream.units import NEVER_MS
from stream.windows import snapshot as parts_of
from stream.windows.admission import Admission
from stream.windows.closing.archive import Hour
from stream.windows.compaction import compacted, new_numbers
from stream.windows.engine import Engine
from stream.windows.forgetting import left_of
from stream.windows.jumps import Refused
from stream.windows.lateness import Late
from stream.windows.packing import pack
from stream.windows.source_gaps import silent_or_retired_ms

NOT_YET_MS = -NEVER_MS


@dataclass(frozen=True, slots=True)
class ShardSnapshot:
    """State in parts: those that changed since the last snapshot, and the names of all."""

    changed: dict[str, bytes]
    names: tuple[str, ...]


class Shard:
    """All floors of one partition."""

    def __init__(self, spec: Spec, roster: Roster = NO_ROSTER) -> None:
        self.spec = spec
        self.names = Names(roster)
        self.engine = Engine(self.names, spec)
        self.control = Control(spec)
        self._observer = Observer(self.engine, LastObserved())
        self.as_of_ms = NOT_YET_MS
        self.counts: Counter[str] = Counter()
        self._judged_ms = NOT_YET_MS
        self._touched: list[I64] = []
        self._sealed: list[Hour] = []
        self._rejected: list[Rejected] = []
        self._refused: list[Refused] = []
        self._admission = Admission(self.engine, spec)
        self._observed: list[ObservedState] = []
        """Agents with later rows, as control had observed them when its state was stored."""
        self._odd: Counter[str] = Counter()
        self._ends: list[Transition] = []
        """Transitions that forgetting has brought, until the next step."""
        self._is_observed = True
        """Whether control has observed agents, which it has not between `restore` and `resume`."""
        self._named = -1  # the names are a part of the first snapshot, also if there are none

    @property
    def watch(self) -> LastObserved:
        """What control last observed of the agents."""
        return self._observer.watch

    @property
    def watermark_ms(self) -> int:
        """The greatest watermark of the shard's sources; 0 before any event."""
        return int(self.engine.sources.greatest_ms[: len(self.names.floors)].max(initial=0))

    def push(self, batch: EventBatch) -> list[Late]:
        """Apply a batch of events; returns those that are too late to count.

        `take_rejected` returns those whose names would exceed a limit, `take_refused` those that
        were held.
        """
        if self._judged_ms == NOT_YET_MS and len(batch):
            self._judged_ms = int(batch.ts_ms[0])
        self.engine.unjudged_ms = self._judged_ms
        late = self._admit(batch)
        while (rest := self._admission.rest) is not None:
            self._forget()
            late += self._admit(rest.numbered(self.names))
        self._observer.naming.add_names()
        return late

    def _admit(self, batch: EventBatch) -> list[Late]:
        admitted = self._admission
        admitted.push(batch)
        self._sealed += admitted.hours
        self._touched += admitted.agents
        self._rejected += admitted.rejected
        self._refused += admitted.refused
        self.counts["accepted"] += admitted.accepted
        for some in (admitted.late, admitted.rejected, admitted.refused):
            self.counts.update(str(one.reason) for one in some)
        return admitted.late

    def _forget(self) -> None:
        """Drop the names that are gone, and number the others anew (`windows.forgetting`)."""
        old = self.engine
        if self._is_observed:  # control sees all of them first
            self._ends = self.step(int(old.seals.sealed_ms[: len(old.names.floors)].max()))
        old.unjudged_ms = self._judged_ms
        left = left_of(old)
        self._odd += self.take_odd_facts()
        self.engine = compacted(old, left)
        self.names = self.engine.names
        seats, agents = (
            new_numbers(len(old.names.seats), left.seats),
            new_numbers(len(old.names.agents), left.agents),
        )
        self.watch.follow_names(old.names)  # agents may be new since control has looked
        watch = self.watch.taken_over(self.names, left.sources, left.agents, seats)
        touched = agents[self._unobserved()]
        self._touched = [touched[touched >= 0]]
        self._admission = Admission(self.engine, self.spec)
        self._observer = Observer(self.engine, watch)
        self._observer.naming.add_names()
        self._named = -1
        if self._is_observed:
            self._ends += self.control.forget(self.team_keys(), self.pool_keys())

    @property
    def has_ends(self) -> bool:
        """Whether forgetting has ended alerts, or brought a step, that no step has returned."""
        return bool(self._ends)

    @property
    def held(self) -> int:
        """How many events are on hold."""
        return len(self.engine.jumps)

    def refuse_held(self) -> None:
        """Refuse what is on hold: nothing more will come. `take_refused` returns it."""
        self._refused += self._admission.refuse_held()

    def take_refused(self) -> list[Refused]:
        """The held events that were refused since the last call, and jumps refused at once."""
        taken, self._refused = self._refused, []
        return taken

    def take_rejected(self) -> list[Rejected]:
        """The events over a limit since the last call, by the record of their own batch."""
        taken, self._rejected = self._rejected, []
        return taken

    def take_odd_facts(self) -> Counter[str]:
        """Facts of calls that are odd, by kind, since the last call (`stream.windows.calls`)."""
        taken = self.engine.counting.calls.take_odd()
        odd, self._odd = self._odd, Counter()
        odd.update({str(kind): number for kind, number in taken.items()})
        return odd

    def take_sealed(self) -> list[Hour]:
        """The hours that were sealed since the last call; none unless `Spec.archive`."""
        taken, self._sealed = self._sealed, []
        return taken

    def step(self, as_of_ms: int) -> list[Transition]:
        """Advance time to as_of_ms and evaluate every instant up to it once.

        Time never goes back: an earlier as_of_ms counts as the last one.
        """
        self.as_of_ms = max(self.as_of_ms, as_of_ms)
        transitions, self._ends = self._ends, []
        if self._judged_ms != NOT_YET_MS and self.as_of_ms > self._judged_ms:
            feed = self._feed(self._judged_ms, self.as_of_ms)
            self._judged_ms = self.as_of_ms
            transitions += self.control.advance(feed)
        return sorted(
            transitions, key=lambda one: (one.at_ms, one.floor, one.pool, one.team, one.detector)
        )

    def _feed(self, from_ms: int, until_ms: int) -> Feed:
        touched, self._touched = self._unobserved(), []
        return self._observer.feed(touched, from_ms, until_ms)

    def _unobserved(self) -> I64:
        """Agents with rows that control has not observed: time has not advanced since then."""
        return np.concatenate([np.zeros(0, np.int64), *self._touched])

    def team_keys(self) -> tuple[TeamKey, ...]:
        """All teams by number."""
        return self._observer.keys.teams()

    def pool_keys(self) -> tuple[PoolKey, ...]:
        """All pools by number."""
        return self._observer.keys.pools()

    def next_deadline(self) -> int:
        """The next instant at which something may change without events; NEVER_MS without one."""
        if self.has_ends:
            return self._judged_ms
        count = len(self.names.agents)
        expiry = int(self.watch.until_ms[:count].min(initial=NEVER_MS))
        sources = self.engine.sources
        turns = np.concatenate([silent_or_retired_ms(sources), *sources.silences[1:]])
        later = turns[turns >= self._judged_ms]
        return min(expiry, int(later.min(initial=NEVER_MS)), self.control.next_deadline())

    def figures(self) -> Figures:
        """All figures at the last as_of."""
        return compute(self.engine, self.control, self.as_of_ms, self.team_keys(), self.pool_keys())

    def members(self, floor: str, team: str) -> list[Member]:
        """The member table of a team, by agent."""
        number = self.names.teams.get((floor, team))
        return [] if number is None else members(self.engine, self.as_of_ms, [number])[0]

    def all_members(self) -> dict[TeamKey, list[Member]]:
        """The member tables of all teams, read at once."""
        keys = self.team_keys()
        tables = members(self.engine, self.as_of_ms, range(len(keys)))
        return dict(zip(keys, tables, strict=True))

    def seat_sums(self, start_ms: int, end_ms: int) -> SeatSums:
        """Sums of each seat over [start_ms, end_ms).

        Edges are whole minutes within the last two hours. Calls belong to the instant at which
        they were answered or ended. Where the end lies beyond as_of, time ends with as_of, but
        calls of that very instant count.
        """
        return seat_sums(self.engine, start_ms, end_ms, self.as_of_ms)

    def control_state(self) -> bytes:
        """Control's state for a commit: small, and enough to continue from a snapshot."""
        return pack(
            {
                "format": parts_of.FORMAT,
                "judged_ms": self._judged_ms,
                "as_of_ms": self.as_of_ms,
                "unseen": self.watch.observed(self.engine, self._unobserved()),
                "control": np.frombuffer(self.control.snapshot(), np.uint8),
            }
        )

    def snapshot(self) -> ShardSnapshot:
        """The parts of the windows' state that changed since the last snapshot."""
        self.engine.follow_names()
        changed = parts_of.changed_parts(self.engine, self._named)
        changed["shard"] = pack({"judged_ms": self._judged_ms, "counts": dict(self.counts)})
        self._named = parts_of.count_names(self.engine)
        return ShardSnapshot(changed, ("shard", *parts_of.part_names(self.engine)))

    @classmethod
    def restore(
        cls, spec: Spec, roster: Roster, parts: Mapping[str, bytes], control: bytes | None
    ) -> "Shard":
        """A shard from its parts.

        Push the records that follow, up to the offset of `control`, without a step; then `resume`
        restores what control had observed.

        Raises:
            StateError: the state was stored in a format that this version does not know.
        """
        shard = cls(spec, roster)
        if parts:
            shard._named = parts_of.restore(shard.engine, parts)  # another roster may know more
            own = parts_of.read_part(parts, "shard")
            shard._judged_ms = own["judged_ms"]
            shard.counts.update(own["counts"])
        if control is not None:
            held = parts_of.read_part({"control": control}, "control")
            shard._judged_ms, shard.as_of_ms = held["judged_ms"], held["as_of_ms"]
            shard._observed = held.get("unseen", [])
            shard._is_observed = False
            shard.control.restore(held["control"].tobytes())
        return shard

    def resume(self) -> None:
        """Continue, after the records up to control's offset were pushed."""
        self._is_observed = True
        self._touched.clear()
        if self._judged_ms != NOT_YET_MS:
            self.engine.follow_names()
            self._observer.watch = LastObserved()
            observe_all(self.engine, self.watch, self._judged_ms)
            unobserved = self.watch.restore(self.names, self._observed)
            self.control.resume(self._feed(self._judged_ms, self._judged_ms))
            self._touched.append(unobserved)
