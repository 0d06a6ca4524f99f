"""What a detector says of its alerts: keys of texts, and what fills them."""

from collections.abc import Mapping
from typing import NamedTuple

Texts = Mapping[str, Mapping[str, str]]
"""By language ("en", "zh"), then by key; placeholders in braces as in `control.alerts.texts`."""


class Seconds(int):
    """Seconds, shown in the unit that reads best."""


class Phrase(NamedTuple):
    """The key of a text, and what fills it: numbers, words, `Seconds`, other phrases."""

    key: str
    facts: Mapping[str, object] = {}


class AlertWording(NamedTuple):
    """The parts of a message about a raised alert; control adds label, place, queue and time."""

    title: Phrase
    what: Phrase
    do: Phrase
    queue: bool
    """Whether the message says what callers see."""
    proof: Phrase | None = None
    """How often chance alone would do it; None: not said."""


class ClearedWording(NamedTuple):
    """The parts of a message about the end of an alert."""

    what: Phrase
    title: Phrase = Phrase("title_cleared")
