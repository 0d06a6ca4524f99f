"""Twins of the reported cases: elsewhere, at other times, in another order, and after restarts."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from random import Random
from typing import Final, NamedTuple
from zlib import crc32

from stream.spec import PoolSpec, SourceSpec, Spec
from tests.reference import cases
from tests.reference.against import compare
from tests.reference.engine import Engine
from tests.reference.parts import PARTS
from tests.reference.records import Event, Record, arrivals, file_of, instant, ranked
from tests.reference.rules import HOUR, MINUTE, SECOND, Rules
from tests.reference.truth import Truth

CLOCK: Final = Spec(event_clock=True)
LOG: Final = Spec(sources=(SourceSpec(heartbeat_ms=None, resolution_ms=1_000),), event_clock=True)
LATER: Final = (10 * SECOND, 2 * MINUTE, 2 * HOUR)
"""Nothing more comes, and time goes on."""


class Case(NamedTuple):
    """Events of a feed, or of a file that is read in the order of time."""

    events: Callable[[], list[Event]]
    rules: Rules = Rules(CLOCK)
    is_file: bool = False


def _dst(zone: str, start: str, hours: int = 8) -> Case:
    rules = Rules(Spec(pools=(PoolSpec(zone=zone),), event_clock=True))
    return Case(partial(cases.dst_day, start, hours), rules, is_file=True)


CASES: Final[Mapping[str, Case]] = {
    "fast_clock_source": Case(cases.fast_clock_source),
    "retired_source": Case(cases.retired_source),
    "callback_waits": Case(cases.callback_waits),
    "overflow_second_pool": Case(cases.overflow_second_pool, Rules(CLOCK, cases.SALES_AND_SUPPORT)),
    "same_agent_twice": Case(cases.same_agent_twice),
    "frozen_gauge": Case(cases.frozen_gauge),
    "wait_over_an_hour": Case(cases.wait_over_an_hour),
    "aht_hold_twice": Case(cases.aht_hold_twice),
    "answered_without_pool": Case(
        cases.answered_without_pool, Rules(CLOCK, cases.SALES_AND_SUPPORT)
    ),
    "one_second_stamps": Case(cases.one_second_stamps, Rules(LOG), is_file=True),
    "relogin_same_second": Case(cases.relogin_same_second, Rules(LOG), is_file=True),
    "call_id_again": Case(cases.call_id_again),
    "ancient_first": Case(cases.ancient_first, is_file=True),
    "ancient_first_live": Case(cases.ancient_first),
    "future_one": Case(cases.future_one, is_file=True),
    "vanished_team": Case(partial(cases.vanished_team, 1)),
    "dst_autumn": _dst("Europe/Berlin", "2026-10-24T20:00:00"),
    "dst_spring": _dst("Europe/Berlin", "2026-03-28T21:00:00"),
    "dst_midnight_skipped": _dst("Africa/Cairo", "2026-04-23T18:00:00"),
    "dst_havana": _dst("America/Havana", "2026-03-08T01:00:00"),
    "dst_none": _dst("Asia/Kathmandu", "2026-04-04T16:15:00", 4),
    "dst_half_an_hour": _dst("Australia/Lord_Howe", "2026-04-04T11:00:00"),
    "f5_future_a_day": Case(partial(cases.day_ahead, 1)),
    "f5_future_a_year": Case(partial(cases.day_ahead, 365)),
    "f10_ghost": Case(cases.ghosts),
    "f11_leaver_unknown": Case(partial(cases.leaver, None)),
    "f11_leaver_available": Case(partial(cases.leaver, "available")),
    "f11_leaver_offline": Case(partial(cases.leaver, "offline")),
}


def check_twin(name: str, number: int) -> None:
    """Of one twin of a case the engine says what the reference says; number 0: the case itself.

    Of two engines one is fed record by record and restarted, the other is fed in batches.
    """
    random, case = Random(f"{name} {number}"), CASES[name]
    records = _records(case, random, number)
    truth, single, batched = Truth(case.rules), Engine(case.rules), Engine(case.rules)
    stops = {random.randint(1, len(records)) for _ in range(4)} | {len(records)}
    for first, stop in pairwise(sorted({0, *stops})):
        truth.push(*records[first:stop])
        batched.push(records[first:stop])
        for record in records[first:stop]:
            single.push([record])
        compare(PARTS, truth, (single, batched), truth.watermark)
        if number and random.random() < 0.5:
            single.restart(case.rules)
    for later in LATER:
        compare(PARTS, truth, (single, batched), truth.watermark + later)


def _records(case: Case, random: Random, number: int) -> Sequence[Record]:
    events = case.events()
    if number:
        for change in random.sample(CHANGES, random.randint(1, len(CHANGES))):
            events = change(events, random)
    if case.is_file:
        return file_of(events)
    records = arrivals(events)
    return _joined(events, random) if number % 2 else records


def _joined(events: Sequence[Event], random: Random) -> list[Record]:
    """Some events a record, with the stamp of the latest."""
    records, first = list[Record](), 0
    while first < len(events):
        stop = first + random.randint(1, 4)
        some = events[first:stop]
        stamp = max(one.get("received", instant(one)) for one in some)
        records.append(Record(tuple(ranked(some)), stamp))
        first = stop
    return records


# -- what twins do not share


def _at_another_time(events: list[Event], random: Random) -> list[Event]:
    shift = random.randrange(24 * 60) * MINUTE + random.randrange(60) * SECOND
    return [_moved(event, shift) for event in events]


def _moved(event: Event, shift: int) -> Event:
    received = {"received": event["received"] + shift} if "received" in event else {}
    return {**event, "ts": instant(event) + shift, **received}


def _on_two_floors(events: list[Event], random: Random) -> list[Event]:
    shift = random.randrange(10) * MINUTE
    other = [
        _moved({**event, "floor": f"{event.get('floor', 'main')}-2"}, shift) for event in events
    ]
    return cases.in_order(*events, *other)


def _by_more_sources(events: list[Event], _: Random) -> list[Event]:
    """Who tells it depends on the agent; heartbeats come of those that the case has."""
    return [
        {**event, "source": f"pbx-{crc32(event['agent'].encode()) % 2}"}
        if "agent" in event
        else event
        for event in events
    ]


def _in_another_order(events: list[Event], random: Random) -> list[Event]:
    places = sorted(range(len(events)), key=lambda place: place + random.uniform(0, 5))
    return [events[place] for place in places]


def _repeated(events: list[Event], random: Random) -> list[Event]:
    again = [(place + random.randint(1, 5), event) for place, event in enumerate(events)]
    some = [one for one in again if random.random() < 0.3]
    both = sorted([*enumerate(events), *some], key=lambda one: one[0])
    return [event for _, event in both]


def _with_losses(events: list[Event], random: Random) -> list[Event]:
    return [event for event in events if random.random() < 0.9] or events


CHANGES: Final[Sequence[Callable[[list[Event], Random], list[Event]]]] = (
    _at_another_time, _on_two_floors, _by_more_sources, _in_another_order, _repeated, _with_losses,
)  # fmt: skip
