"""Makes a failing history small, and prints it so that it can be run again."""

from collections.abc import Callable
from typing import Any, Final

from tests.reference.history import History

Check = Callable[[History], Any]
TRIES: Final = 300
"""A history is not made smaller than it gets within so many tries."""


def tried(check: Check, history: History) -> Any:
    """Run a check; where it fails, raise what it says of the smallest history that fails.

    Raises:
        AssertionError: with the check's words and the history.
    """
    try:
        return check(history)
    except Exception:  # noqa: BLE001 - whatever goes wrong is worth a small example
        small = smallest(history, lambda one: _failure(check, one) is not None)
        error = _failure(check, small)
        msg = f"{error!r}\n{error}\n{small!r}"
        raise AssertionError(msg) from error


def smallest(history: History, fails: Callable[[History], bool]) -> History:
    """Leave out runs of events, long ones first, as long as the rest still fails."""
    single = history.singly()
    history = single if fails(single) else history
    plain = history.unchanged()
    history = plain if fails(plain) else history
    size, tries = len(history.records) // 2, 0
    while size and tries < TRIES:
        place = 0
        while place < len(history.records) and tries < TRIES:
            shorter = history.without(place, min(place + size, len(history.records)))
            tries += 1
            if shorter.records and fails(shorter):
                history = shorter
            else:
                place += size
        size //= 2
    return history


def _failure(check: Check, history: History) -> Exception | None:
    try:
        check(history)
    except Exception as error:  # noqa: BLE001
        return error
    return None
