"""What can go wrong, as a tree. Each leaf has the exit status that the command line gives it.

FloorwatchError
├── ConfigurationError   a setting or roster line is wrong: exit 2, names key or line, value, range
├── InputError           a file that cannot be read as what it was said to be: exit 2
├── ServiceError         Kafka, Redis or a sink is not there: exit 3
└── StateError           stored state that this version must not use: exit 1, says what to do

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
    """A file is missing or is not what it was said to be."""

    exit_status = 2


class ServiceError(FloorwatchError):
    """An external service that the command needs is not there."""

    exit_status = 3


class StateError(FloorwatchError):
    """Stored state that this version refuses to use; the text says what to do."""


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """A hint at the most alike of the known words, to stand behind a wrong one; may be empty."""
    alike = get_close_matches(text, list(known), 1)
    return f" (did you mean {alike[0]}?)" if alike else ""
