"""Our own events as JSON lines: an object a line, or an array of objects.

A file may also be one array that is spread over its lines.

A line may have `received`, the time at which the recorder received it; it replaces Kafka's time
stamp where a replay uses the file's own order.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import orjson

from stream.events.fields import InvalidEvent, instant_ms, shown
from stream.events.language import Reason
from stream.sources.json_array import elements
from stream.sources.recording import InputFile, Recording, RecordingBuilder


def read(files: Sequence[InputFile]) -> Recording:
    """All events of some files, in the files' order.

    Only what is needed to order them is checked here: JSON, `ts` and `received`. The rest is
    checked when the events are decoded.
    """
    recording = RecordingBuilder()
    for number, file in enumerate(files):
        for line, row in _rows(file.lines):
            if row.strip():
                recording.rows += 1
                _read_row(recording, number, line, row)
    return recording.build()


def _rows(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """The rows of a file: its lines, or the elements of an array that is not whole in its first."""
    numbered = enumerate(lines, 1)
    for line, row in numbered:
        if not row.strip():
            continue
        if row.lstrip().startswith(b"[") and not _is_json(row):
            yield from elements(chain([(line, row)], numbered))
        else:
            yield line, row
            yield from numbered


def _is_json(row: bytes) -> bool:
    try:
        orjson.loads(row)
    except orjson.JSONDecodeError:
        return False
    return True


def _read_row(recording: RecordingBuilder, file: int, line: int, row: bytes) -> None:
    """One line; an event of an array that is unreadable leaves the others as they are."""
    try:
        parsed = _parse(row)
    except InvalidEvent as error:
        recording.reject(file, line, error.reason.value, error.detail, row)
        return
    if not isinstance(parsed, list):
        _read_event(recording, file, line, parsed, row.strip())
        return
    for document in parsed:
        _read_event(recording, file, line, document, orjson.dumps(document))


def _read_event(
    recording: RecordingBuilder, file: int, line: int, document: object, value: bytes
) -> None:
    try:
        ts_ms, received_ms = _times(document)
    except InvalidEvent as error:
        recording.reject(file, line, error.reason.value, error.detail, value)
    else:
        recording.append(value, ts_ms, file, line, received_ms)


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
