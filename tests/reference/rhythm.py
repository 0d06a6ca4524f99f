"""Control says the same whenever it is asked, as checks of one story each."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from stream.control.model import Transition
from stream.shard import Shard
from stream.units import SECOND_MS
from tests.reference.admission import Admission
from tests.reference.by_names import same_transitions, transitions_by_names, views
from tests.reference.engine import Engine
from tests.reference.history import History
from tests.reference.records import instant
from tests.reference.truth import Truth

Said = tuple[list[tuple[Any, ...]], list[str]]
"""All transitions, and how the detectors stand at the end."""
Advance = Callable[[Shard, int], Iterator[Transition]]
"""Moves time on to an instant."""


def check_transitions_of_batches(history: History) -> int:
    """In order, control says the same whether it looks at each instant or now and then."""
    if _loses_calls(history):
        return 0
    every, seldom = paced(history, by_deadlines), stepped(history)
    same_transitions(every[0], seldom[0])
    assert every[1] == seldom[1], "other views"
    return len(every[0])


def _loses_calls(history: History) -> bool:
    """Whether a call waits when its source falls silent.

    Who looks at each instant sees it wait until the source counts as silent. Who looks later
    knows better: of what waited at the edge of the gap nothing is known.
    """
    truth = Truth(history.rules)
    truth.push(*history.records)
    look = history.looks[-1]
    return any(
        entry.start <= gap.start and (entry.end is None or gap.start < entry.end)
        for walk in truth.walks("main").values()
        for entry in walk.entries
        for gap in truth.sightings.gaps(truth.rules, "main", entry.source, look)
    )


def check_slow_twin(history: History) -> int:
    """A step every second finds what steps at events and deadlines find, at the same instants."""
    fast, slow = paced(history, by_deadlines), paced(history, by_seconds)
    same_transitions(fast[0], slow[0])
    assert fast[1] == slow[1], "other views"
    return len(slow[0])


def stepped(history: History) -> Said:
    """What control says if it looks at some numbers of records, and at the end."""
    engine, out = Engine(history.rules), list[Transition]()
    for first, last in pairwise([0, *history.cuts()]):
        engine.push(history.records[first:last])
        out += engine.shard.step(engine.shard.watermark_ms)
    out += engine.shard.step(history.looks[-1])
    return transitions_by_names(out), views(engine.shard)


def paced(history: History, advance: Advance) -> Said:
    """What control says if it looks before each event that counts at once, and in between.

    Of what waits to be confirmed it hears when the events have been confirmed.
    """
    engine = Engine(history.rules)
    shard, out = engine.shard, list[Transition]()
    for record, at_once in zip(history.records, _counting_at_once(history), strict=True):
        if at_once and shard.names.sources.keys:  # before the first event there is no time
            out += advance(shard, instant(record.events[0]))
        engine.push([record])
        if not at_once:
            out += advance(shard, shard.watermark_ms)
    out += advance(shard, history.looks[-1])
    return transitions_by_names(out), views(shard)


def _counting_at_once(history: History) -> Iterator[bool]:
    admission = Admission(history.rules)
    for record in history.records:
        held = any(any(floor.holding()) for floor in admission.floors.values())
        jumps = admission.jumps
        admission.push(record)
        yield not held and admission.jumps == jumps


def by_deadlines(shard: Shard, until_ms: int) -> Iterator[Transition]:
    while (due_ms := shard.next_deadline()) < until_ms:
        yield from shard.step(due_ms + 1)
    yield from shard.step(until_ms)


def by_seconds(shard: Shard, until_ms: int) -> Iterator[Transition]:
    if shard.as_of_ms > 0:
        for tick in range(shard.as_of_ms, until_ms, SECOND_MS):
            yield from shard.step(tick)
    yield from shard.step(until_ms)
