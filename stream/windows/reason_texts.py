"""The texts of reasons that accepted events gave, such as the codes of a vendor's breaks."""

from collections.abc import Iterable
from typing import Final

import numpy as np

from stream.events.batch import EventBatch
from stream.events.language import Bool
from stream.events.reasons import NO_REASON, reason_number

REASONS_MOST: Final = 1_000
"""Different texts of a partition. A source that writes a text of its own into each event must not
fill the memory: further ones are read as OTHER."""
OTHER: Final = "other"


class Reasons:
    """Texts by number; state rows and facts of calls have the numbers."""

    def __init__(self) -> None:
        self._text_of: dict[int, str] = {}

    def add(self, batch: EventBatch, fine: Bool) -> None:
        """Add the new texts of a batch, in the order of its events; fine: (E,) which count."""
        if batch.reasons.keys() <= self._text_of.keys():
            return
        rows = batch.states, batch.calls
        event = np.concatenate([one.event for one in rows])
        number = np.concatenate([one.reason for one in rows])
        at = np.flatnonzero(fine[event] & (number != NO_REASON))
        ordered = number[at[np.argsort(event[at], kind="stable")]]
        for one in dict.fromkeys(ordered.tolist()):
            if len(self._text_of) < REASONS_MOST:
                self._text_of[one] = batch.reasons[one]

    def text(self, number: int) -> str:
        """The text of a number; empty for NO_REASON, OTHER for one beyond the limit."""
        return "" if number == NO_REASON else self._text_of.get(number, OTHER)

    def to_list(self) -> list[str]:
        """All texts, for a snapshot."""
        return list(self._text_of.values())

    def fill(self, texts: Iterable[str]) -> None:
        """Restore them."""
        self._text_of.update((reason_number(text), text) for text in texts)
