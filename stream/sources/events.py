"""Our own events as JSON lines: an object a line, or an array of objects.

A line may carry `received`, the time at which the recorder got it; it stands for Kafka's time
stamp where a replay keeps the file's own order.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import orjson

from stream.events.fields import InvalidEvent, instant_ms, shown
from stream.events.language import Reason
from stream.sources.recording import InputFile, Recording, Unreadable, text_of

NAME: Final = "events"


def read(files: Sequence[InputFile]) -> Recording:
    """All events of some files, in the files' order.

    Only what is needed to order them is looked at here: JSON, `ts` and `received`. The rest is
    checked when the events are decoded.
    """
    taken = _Taken()
    rows = 0
    for number, file in enumerate(files):
        for line, row in enumerate(file.lines, 1):
            if row.strip():
                rows += 1
                taken.take(number, line, row)
    places = np.array(taken.places, np.int64).reshape(-1, 4)
    return Recording(
        taken.values, places[:, 0], places[:, 1], places[:, 2], places[:, 3], rows, taken.unreadable
    )


class _Taken:
    def __init__(self) -> None:
        self.values: list[bytes] = []
        self.places: list[tuple[int, int, int, int]] = []
        """(ts_ms, received_ms, file, line) of each value."""
        self.unreadable: list[Unreadable] = []

    def take(self, file: int, line: int, row: bytes) -> None:
        try:
            parsed = _parse(row)
        except InvalidEvent as refused:
            self._refuse(file, line, refused, row)
            return
        if not isinstance(parsed, list):
            self._take_one(file, line, parsed, row.strip())
            return
        for document in parsed:
            self._take_one(file, line, document, orjson.dumps(document))

    def _take_one(self, file: int, line: int, document: object, value: bytes) -> None:
        try:
            ts_ms, received_ms = _times(document)
        except InvalidEvent as refused:
            self._refuse(file, line, refused, value)
            return
        self.values.append(value)
        self.places.append((ts_ms, received_ms, file, line))

    def _refuse(self, file: int, line: int, refused: InvalidEvent, row: bytes) -> None:
        reason = refused.reason.value
        self.unreadable.append(Unreadable(file, line, reason, refused.detail, text_of(row)))


def _parse(row: bytes) -> object:
    try:
        return orjson.loads(row)
    except orjson.JSONDecodeError as error:
        raise InvalidEvent(Reason.broken_json, str(error)) from None


def _times(document: object) -> tuple[int, int]:
    if not isinstance(document, dict):
        raise InvalidEvent(
            Reason.not_an_object, f"an event is a JSON object, this is {shown(document)}"
        )
    received = document.get("received")
    return instant_ms(document.get("ts")), -1 if received is None else instant_ms(received)
