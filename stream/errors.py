"""The tree of errors. Each leaf has the exit status of the command line.

FloorwatchError
├── ConfigurationError   a setting or roster line is wrong: exit 2, names key or line, value, range
├── InputError           a file is missing or not of the given kind: exit 2
├── ServiceError         Kafka, Redis or a sink is unavailable: exit 3
└── StateError           stored state that this version must not use: exit 1, says what to do
    └── DamagedKeyError  a key of the store holds something else; a worker waits until it is mended
        └── UnreadableStateError  commit or snapshot is damaged; rebuilt, or waits, as configured

A bad *event* is no exception but a value with a reason (``stream.events.Rejected``).
"""

from collections.abc import Iterable
from difflib import get_close_matches


class FloorwatchError(Exception):
    """Base of all errors that a user may see; its text is the whole message."""

    exit_status = 1


class ConfigurationError(FloorwatchError):
    """A setting or roster line is wrong; the text names key or line, value and allowed range."""

    exit_status = 2


class InputError(FloorwatchError):
    """A file is missing or not of the given kind."""

    exit_status = 2


class ServiceError(FloorwatchError):
    """An external service that the command needs is unavailable."""

    exit_status = 3


class StateError(FloorwatchError):
    """Stored state that this version refuses to use; the text says what to do."""


class DamagedKeyError(StateError):
    """A key of the store holds something else; the text names it.

    No restart would help, and other partitions are not concerned: a worker continues without it
    as without a store.
    """


class UnreadableStateError(DamagedKeyError):
    """Commit or snapshot of a partition is incomplete or damaged; the text says which part.

    With ``[redis] on_loss = "rebuild"`` the state is computed again from Kafka; else the partition
    waits until a backup is restored.
    """


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """A hint at the most similar known word, to append to an error; may be empty."""
    alike = get_close_matches(text, list(known), 1)
    return f" (did you mean {alike[0]}?)" if alike else ""


def printable(text: str) -> str:
    """Text of others with its control characters escaped: they would steer the terminal."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )
