"""Makes a failing history small, event by event, and prints it so that it can be run again."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.reference.history import History

Check = Callable[..., Any]


def tried(check: Check, history: History, *more: Any) -> Any:
    """Run a check; where it fails, raise what it says of the smallest history that fails.

    Raises:
        AssertionError: with the check's words and the history as events.
    """
    try:
        return check(history, *more)
    except Exception:  # noqa: BLE001 - whatever goes wrong is worth a small example
        small = smallest(history, lambda one: _failure(check, one, more) is not None)
        error = _failure(check, small, more)
        msg = f"{error!r}\n{error}\n{small!r}\nwith {more}"
        raise AssertionError(msg) from error


def smallest(history: History, fails: Callable[[History], bool]) -> History:
    """Leave out runs of events, long ones first, as long as the rest still fails."""
    size = len(history.events) // 2
    while size:
        place = 0
        while place < len(history.events):
            shorter = without(history, place, place + size)
            if shorter.events and fails(shorter):
                history = shorter
            else:
                place += size
        size //= 2
    plain = replace(history, records=(1,) * len(history.events))
    return plain if fails(plain) else history


def without(history: History, first: int, last: int) -> History:
    """The history without the events [first, last)."""
    records, begin = [], 0
    for size in history.records:
        gone = max(0, min(last, begin + size) - max(first, begin))
        if size > gone:
            records.append(size - gone)
        begin += size
    return replace(
        history,
        events=history.events[:first] + history.events[last:],
        times_ms=history.times_ms[:first] + history.times_ms[last:],
        records=tuple(records),
    )


def _failure(check: Check, history: History, more: tuple[Any, ...]) -> Exception | None:
    try:
        check(history, *more)
    except Exception as error:  # noqa: BLE001
        return error
    return None
