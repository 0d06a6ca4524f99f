"""The engine against the reference, part by part, on drawn histories."""

from collections.abc import Iterable
from dataclasses import replace
from functools import cache, partial
from operator import itemgetter
from typing import Final

from tests.reference.engine import Engine, play
from tests.reference.history import History
from tests.reference.parts import PARTS
from tests.reference.truth import Truth

NO_CALENDAR_CHANGE: Final = frozenset({"refused", "seen", "queues"})
"""Parts that are the same where calendars change: the others may need minutes no longer stored."""


def check(history: History) -> None:
    """Both say the same, after some records and at later looks.

    Of two engines one is fed record by record, the other in batches; both are restarted somewhere
    in every other history.
    """
    random, end = history.random("reads"), len(history.records)
    reads = sorted({end, *(random.randint(1, end) for _ in range(4))})
    if random.random() < 0.5:
        place = random.randint(1, end)
        history = with_restart(history, place)
    parts = NO_CALENDAR_CHANGE if "calendar_change" in history.kinds else frozenset(PARTS)
    if "steps" in history.kinds:
        # Where events come long after their time what control has seen is not yet understood.
        parts -= {"seen"}
    truth = Truth(history.rules)
    engines = Engine(history.rules), Engine(history.rules)
    changes, pushed = dict(history.changes), 0
    for stop in play(history, reads, *engines):
        for number in range(pushed, stop):
            if number in changes:
                truth.change(changes[number])
            truth.push(history.records[number])
        pushed = stop
        compare(parts, truth, engines, history.now(stop, truth.watermark))
    for look in history.looks:
        compare(parts, truth, engines, look)


def with_restart(history: History, place: int) -> History:
    """The history with one more restart, by the rules that are in force."""
    rules = [history.rules, *(one for number, one in history.changes if number <= place)][-1]
    return replace(
        history, changes=tuple(sorted([*history.changes, (place, rules)], key=itemgetter(0)))
    )


def compare(parts: Iterable[str], truth: Truth, engines: Iterable[Engine], as_of: int) -> None:
    """Assert that these parts are the same at an instant."""
    figures = cache(truth.figures)
    for engine in engines:
        engine.shard.step(as_of)
        now = engine.shard.as_of_ms  # time does not go back
        for part in (part for part in PARTS if part in set(parts)):
            found = list(PARTS[part](truth, partial(figures, now), engine))
            assert not found, f"{part} at {now}\n" + "\n".join(found)
