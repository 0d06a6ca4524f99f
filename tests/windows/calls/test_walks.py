"""Calls against the walks of the naive reference: in any order and batches, let go or not."""

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any, Final

import numpy as np
import pytest

from stream.events.decode import decode_objects
from stream.events.names import Names
from stream.roster import parse_roster
from stream.spec import SourceSpec, Spec
from stream.units import HOUR_MS, MINUTE_MS, SECOND_MS
from stream.windows.calls import stored_calls
from stream.windows.calls.contribution import Contribution, CountedAs
from stream.windows.calls.index import call_hashes
from stream.windows.calls.open_calls import Calls
from stream.windows.packing import pack, unpack
from stream.windows.sources import Sources
from tests.reference.drawn_calls import Desk, drawn_call
from tests.reference.facts import Facts
from tests.reference.histories import HISTORIES
from tests.reference.marks import Arrival
from tests.reference.records import Event
from tests.reference.rules import Member, Rules
from tests.reference.stays import PROMISE_MOST, times
from tests.reference.sums import seat_of
from tests.reference.walk import Walk

START: Final = 1_772_445_600_000
ROSTER = parse_roster("agent,team,pool\nann,red,sales\nbob,blue,help\n", "roster.csv")
MEMBERS = (Member("ann", "red", "sales"), Member("bob", "blue", "help"))
SPEC = Spec(sources=(SourceSpec("coarse", resolution_ms=60_000), SourceSpec()))
DESK = Desk(("ann", "bob", "cid"), ("sales", "help", "spare"))


def drawn(random: Random) -> list[dict[str, Any]]:
    """Events of a few calls in the order of arrival; an id often comes again."""
    events, start = list[dict[str, Any]](), START
    for _ in range(random.randint(2, 8)):
        gaps = 0, 2 * SECOND_MS, MINUTE_MS, 20 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS, 26 * HOUR_MS
        start += random.choice([*gaps, 2 * HOUR_MS + 1, 8 * 24 * HOUR_MS])
        name, source = random.choice("aaab"), random.choice(["pbx", "pbx", "coarse"])
        events += map(dict, drawn_call(random, DESK, name, start, source)[1])
        if random.random() < 0.3:
            start = max(event["ts"] for event in events)
    for event in events:
        if random.random() < 0.1:
            event["pool"] = random.choice(DESK.pools)
        if random.random() < 0.05:
            event.pop("agent", None)
    repeated = [dict(event) for event in events if random.random() < 0.1]
    late = {0: 0, 1: 90 * SECOND_MS, 2: 20 * MINUTE_MS}[random.randrange(3)]
    return sorted(events + repeated, key=lambda event: event["ts"] + random.randint(0, late))


class Floor:
    """Calls that are given events, and all rows that they have counted for."""

    def __init__(self) -> None:
        self.names = Names(ROSTER)
        self.sources = Sources(self.names, SPEC.sources, SPEC.windows, event_clock=True)
        self.calls = Calls(self.names, SPEC, self.sources)
        self.rows = Counter[tuple[Any, ...]]()

    def push(self, events: Sequence[Event]) -> None:
        batch = decode_objects(events, None, self.names).batch
        self.names.keep_drafts()
        self.sources.follow_names()
        what, sign = self.calls.push(batch.calls)
        for row, one in zip(self.named(what), sign.tolist(), strict=True):
            self.rows[row] += one

    def retire(self, cut_ms: int) -> None:
        self.calls.retire(np.array([cut_ms]), cut_ms)

    def store_and_restore(self) -> None:
        pieces = unpack(pack(stored_calls.to_pieces(self.calls)))
        self.calls = Calls(self.names, SPEC, self.sources)
        stored_calls.restore(self.calls, pieces)

    def named(self, what: Contribution) -> list[tuple[Any, ...]]:
        columns = (getattr(what, name).tolist() for name in what.__slots__)
        return [self._named(*row) for row in zip(*columns, strict=True)]

    def _named(self, kind: int, ts: int, pool: int, seat: int, *told: int) -> tuple[Any, ...]:
        of_seat = self.names.seats.keys[seat][1:] if seat >= 0 else None
        wait, talk, hold, acw = told
        spent = (talk, hold, max(acw, 0)) if kind == CountedAs.handled else None
        waited = wait if kind in (CountedAs.answered, CountedAs.abandoned) else None
        return CountedAs(kind).name, ts, self.names.pools.keys[pool][1], of_seat, waited, spent

    def waiting(self, at: int) -> list[tuple[str, int, str, int]]:
        waits = self.calls.waits(at, at)
        columns = (waits.pool, waits.start_ms, waits.source, waits.call)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        pools, sources = self.names.pools.keys, self.names.sources.keys
        return sorted(
            (pools[pool][1], start, sources[at][1], call) for pool, start, at, call in rows
        )


def expected_rows(rules: Rules, walks: dict[str, Walk]) -> Counter[tuple[Any, ...]]:
    """The rows of the reference's walks."""
    rows = Counter[tuple[Any, ...]]()
    for walk in walks.values():
        rows.update(("offered", one.start, one.pool, None, None, None) for one in walk.entries)
        for one in walk.endings:
            known = -1 if one.wait is None else one.wait
            wait = known if one.phase.name in ("answered", "abandoned") else None
            rows[one.phase.name, one.ts, one.pool, None, wait, None] += 1
        for leg in walk.legs:
            if leg.answered is not None:
                fact = leg.answered
                seat = (fact.agent.decode(), fact.team.decode()) if fact.agent else None
                rows["started", fact.ts, leg.pool, seat, None, None] += 1
            if leg.end is not None:
                team_and_agent = seat_of(leg)
                talk, hold, acw = times(rules, leg)
                spent = -1 if talk is None else talk, hold, acw
                seat = None if team_and_agent is None else team_and_agent[::-1]
                rows["handled", leg.end, leg.pool, seat, None, spent] += 1
    return rows


def check(floor: Floor, rules: Rules, facts: Facts, at: int) -> None:
    walks = {call: Walk(rules, own) for (_, call), own in facts.of.items()}
    assert +floor.rows == expected_rows(rules, walks)
    odd = sum((walk.odd for walk in walks.values()), Counter[str]())
    assert {kind.value: number for kind, number in floor.calls.odd.items() if number} == odd
    hashed = dict(
        zip(walks, call_hashes(np.zeros(len(walks), int), list(walks)).tolist(), strict=True)
    )
    assert floor.waiting(at) == sorted(
        (one.pool, one.start, one.source, hashed[call])
        for call, walk in walks.items()
        for one in walk.entries
        if one.start <= at < min(one.start + rules.wait_ms, one.end or 2**62)
    )
    promises = [one for walk in walks.values() for one in walk.promises]
    ages = [at - one.start for one in promises if one.start <= at and (one.done or 2**62) > at]
    standing = floor.calls.promises().count_open(at, rules.callback_ms, len(floor.names.pools))
    ages = [age for age in ages if age < PROMISE_MOST]
    assert [sum(one.tolist()) for one in standing] == [
        len(ages), sum(age > rules.callback_ms for age in ages)
    ]  # fmt: skip


@pytest.mark.parametrize("part", range(4))
def test_calls_count_what_their_walks_say_however_they_arrive_and_whenever_they_are_let_go(
    part: int,
) -> None:
    rules = Rules(SPEC, MEMBERS)
    for number in range(HISTORIES):
        random = Random(f"{part} {number}")
        events, floor, facts = drawn(random), Floor(), Facts()
        while events:
            size = random.choice([1, 2, 5, 40])
            some, events = events[:size], events[size:]
            floor.push(some)
            for event in some:
                facts.add(rules, Arrival((0, 0), event, None, False))
            cut = min((event["ts"] for event in events), default=some[-1]["ts"])
            if random.random() < 0.7:
                floor.retire(cut)
            if random.random() < 0.2:
                floor.store_and_restore()
            try:
                check(floor, rules, facts, cut + random.choice([0, 1, MINUTE_MS, HOUR_MS]))
            except AssertionError as error:
                error.add_note(f"history {part} {number}")
                raise
