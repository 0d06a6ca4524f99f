"""Admits batches: what counts goes to the engine, what jumps ahead is put on hold.

A batch without jumps is applied as a whole. Otherwise it is applied in the segments in which
`JumpTest` tests it, and held events that are released count between two of them, as a batch of
their own that is tested like any other. So what happens depends on the order of events alone.
"""

from itertools import groupby

import numpy as np

from stream.arrays import distinct
from stream.events.batch import EventBatch
from stream.events.decode import decode
from stream.events.fields import NO_SEQ
from stream.events.language import I64, Bool, Rejected
from stream.spec import Spec
from stream.windows.closing import sealing
from stream.windows.closing.archive import Hour
from stream.windows.drafts import DraftNames, is_within
from stream.windows.engine import Engine
from stream.windows.floor_marks import FloorMarks
from stream.windows.forgetting import is_due, may_be_due
from stream.windows.jump_test import JumpTest, Segment, TestedEvents, suspected_floors
from stream.windows.jumps import HeldEvent, HeldRecord, Refused, SourceKey
from stream.windows.lateness import Late
from stream.windows.renumbering import NamedBatch


class Admission:
    """What was decided of the last batch, until the next one.

    Args:
        engine: to which what counts is applied.
        spec: of the shard.
    """

    def __init__(self, engine: Engine, spec: Spec) -> None:
        self._engine = engine
        self._names = engine.names
        self._limits = spec.limits
        self.late: list[Late] = []
        self.rejected: list[Rejected] = []
        """Events over a limit of names."""
        self.refused: list[Refused] = []
        """Events of earlier batches that do not count, and jumps of this one."""
        self.released: list[tuple[int, int]] = []
        """Offsets of what was taken off hold, and of the event that released it."""
        self.accepted = 0
        """How many events have counted, released ones included."""
        self.hours: list[Hour] = []
        self.agents: list[I64] = []
        """Agents with new rows."""
        self.rest: NamedBatch | None = None
        """What is to be admitted after names are forgotten."""

    def push(self, batch: EventBatch) -> None:
        """Admit a batch; then `late`, `rejected` and the others say what became of it.

        If `rest` is set afterwards, names are to be forgotten before it is admitted.
        """
        self.late, self.rejected, self.refused, self.accepted = [], [], [], 0
        self.released, self.hours, self.agents = [], [], []
        self.rest = None
        if len(batch):
            self._push(batch)
        else:
            self._names.drop_drafts()
        self.refused += self._engine.jumps.refused
        self._engine.jumps.refused = []

    def refuse_held(self) -> list[Refused]:
        """Refuse what is on hold: nothing more will come."""
        jumps = self._engine.jumps
        for key in sorted(jumps.holds, key=lambda one: jumps.holds[one].first.number):
            jumps.refuse_all(key, FloorMarks(self._engine, key[0]).reached_ms)
        refused, jumps.refused = jumps.refused, []
        return refused

    def _push(
        self, batch: EventBatch, held: list[HeldEvent] | None = None, by: int | None = None
    ) -> None:
        """Admit new events, or those that were held and are released by one of an offset."""
        names = self._names
        is_exact = not names.has_drafts() or is_within(names, self._limits)
        floors = suspected_floors(self._engine, batch, is_exact=is_exact)
        may_forget = held is None and may_be_due(self._engine, batch)
        if may_forget:  # so that each event that seals an hour ends a segment
            floors = {names.sources.keys[one][0] for one in distinct(batch.source).tolist()}
        if not floors:
            self._apply(batch, self._drafts(batch), 0, len(batch))
            return
        keys = list(map(names.sources.keys.__getitem__, batch.source.tolist()))
        drafts = self._drafts(batch)
        if drafts is not None:
            drafts.take_out()
        test = JumpTest(self._engine, TestedEvents(batch, keys, held), floors, drafts)
        start = 0
        while segment := test.run():
            sealed_ms = self._engine.seals.sealed_ms.copy()
            self._apply_kept(batch, drafts, test.kept, start, segment.end)
            start = segment.end
            last = batch.records.offsets[int(batch.record[start - 1])]
            self._release_all(test, segment, last if by is None else by)
            if may_forget and self._forgets(sealed_ms):
                self.rest = NamedBatch.of(batch.cut(start, len(batch)), names, drafts)
                return
            if drafts is not None:
                drafts.find_names()
        self._apply_kept(batch, drafts, test.kept, start, len(batch))

    def _drafts(self, batch: EventBatch) -> DraftNames | None:
        if self._names.has_drafts():
            return DraftNames(self._names, batch, self._limits, self._engine.is_surely_late)
        self._names.drop_drafts()
        self._engine.follow_names()
        return None

    # -- what counts

    def _apply_kept(
        self, batch: EventBatch, drafts: DraftNames | None, kept: Bool, start: int, end: int
    ) -> None:
        """Apply the kept events of [start, end)."""
        if drafts is None:
            some = batch.cut(start, end).where(kept[start:end])
            self._apply(some, None, 0, len(some))
        else:
            drafts.close(~kept)
            self._apply(batch, drafts, start, end)

    def _apply(self, batch: EventBatch, drafts: DraftNames | None, start: int, end: int) -> None:
        if drafts is None:
            self._apply_piece(batch, None)
            return
        for piece in drafts.pieces(start, end):
            self._apply_piece(piece, drafts)
        self.rejected += drafts.rejected
        drafts.rejected = []

    def _apply_piece(self, piece: EventBatch, drafts: DraftNames | None) -> None:
        if not len(piece):
            return
        pushed = sealing.push(self._engine, piece, drafts)
        self.accepted += len(piece) - len(pushed.late)
        self.late += pushed.late
        self.hours += pushed.hours
        self.agents.append(pushed.agents)

    def _forgets(self, sealed_ms: I64) -> bool:
        """Whether names are to be forgotten now: only when hours were sealed since `sealed_ms`."""
        now_ms = self._engine.seals.sealed_ms[: len(sealed_ms)]
        return not np.array_equal(now_ms, sealed_ms) and is_due(self._engine)

    # -- what was on hold

    def _release_all(self, test: JumpTest, segment: Segment, by: int) -> None:
        """Release what a segment confirms, then what that confirms."""
        test.follow_engine()
        released = segment.released
        while released:
            self._release(released, by)
            test.follow_engine()
            released = test.settled(segment.floor)

    def _release(self, keys: tuple[SourceKey, ...], by: int) -> None:
        """Take off hold what sources have, and admit it anew, the first without a test.

        by: the offset of the event that released it.
        """
        held = self._engine.jumps.take(keys)
        self.released += ((one.record.offset, by) for one in held)
        records = [record for record, _ in groupby(one.record for one in held)]
        batch, held = self._decoded(records, held)
        late, rejected, self.late, self.rejected = self.late, self.rejected, [], []
        if len(batch):
            self._push(batch, held, by)
        else:
            self._names.drop_drafts()
        for record, reason, detail in (
            *((one.record, one.reason, "") for one in self.late),
            *((one.record, one.reason, one.detail) for one in self.rejected),
        ):
            source = records[record]
            self.refused.append(Refused(source.offset, source.value, reason, detail))
        self.late, self.rejected = late, rejected

    def _decoded(
        self, records: list[HeldRecord], held: list[HeldEvent]
    ) -> tuple[EventBatch, list[HeldEvent]]:
        """The held events read again; those that cannot be read any more are refused."""
        times_ms = [one.time_ms for one in records if one.time_ms is not None]
        ranks = np.array([one.rank for one in records], np.int64)
        decoded = decode(
            [one.value for one in records],
            times_ms if len(times_ms) == len(records) else None,
            self._names,
            offsets=[one.offset for one in records],
            ranks=None if (ranks == NO_SEQ).all() else ranks,
        )
        index = {id(record): number for number, record in enumerate(records)}
        place_of = {(index[id(one.record)], one.place): one for one in held}
        found = list(zip(decoded.batch.record.tolist(), decoded.batch.place.tolist(), strict=True))
        why = {one.record: one for one in decoded.rejected}
        for record, _ in place_of.keys() - set(found):  # it was held by other rules
            held_by, now = records[record], why[record]
            self.refused.append(Refused(held_by.offset, held_by.value, now.reason, now.detail))
        is_held = np.array([place in place_of for place in found], np.bool_)
        return decoded.batch.where(is_held), [place_of[at] for at in found if at in place_of]
