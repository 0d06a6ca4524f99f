"""Summarises the dead-letter topic: counts, and the newest dead letters (`floorwatch dlq show`)."""

import heapq
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from stream.dlq.reader import DeadLetterReader, DeadLetterRecord, RetryMark, ShowProgress
from stream.errors import printable
from stream.units import rfc3339

Place = tuple[str, str, int]
"""Reason, source topic, source partition."""
PREVIEW_CHARS: int = 200
"""Characters of a value that are shown."""


@dataclass(slots=True)
class Summary:
    """Each dead letter counts once, however often it was written."""

    letters: Counter[Place] = field(default_factory=Counter)
    events: Counter[Place] = field(default_factory=Counter)
    retried: Counter[Place] = field(default_factory=Counter)
    foreign: int = 0
    """Records that Floorwatch did not write."""
    newest: list[DeadLetterRecord] = field(default_factory=list)
    """Newest first."""
    marked: set[bytes] = field(default_factory=set)
    """Keys of dead letters that were sent again."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row for each reason and source partition, most dead letters first."""
        for place, letters in sorted(self.letters.items(), key=lambda one: (-one[1], one[0])):
            reason, topic, partition = place
            yield {
                "reason": reason,
                "source_topic": topic,
                "source_partition": partition,
                "letters": letters,
                "events": self.events[place],
                "retried": self.retried[place],
            }

    def document(self, dead_letter: DeadLetterRecord) -> dict[str, Any]:
        """A dead letter as a JSON object."""
        return {
            "time": rfc3339(dead_letter.time_ms),
            "reason": dead_letter.reason,
            "detail": dead_letter.detail,
            "events": dead_letter.events,
            "source_topic": dead_letter.topic,
            "source_partition": dead_letter.partition,
            "source_offset": dead_letter.offset,
            "size_bytes": dead_letter.size,
            "truncated": dead_letter.is_cut,
            "retried": dead_letter.key in self.marked,
            "value": preview(dead_letter.value),
        }


def preview(value: bytes | None) -> str | None:
    """The beginning of a record as text that is safe to print on a terminal."""
    if value is None:
        return None
    text = value[: 4 * PREVIEW_CHARS].decode(errors="backslashreplace")
    return printable(text[:PREVIEW_CHARS]) + ("…" if len(text) > PREVIEW_CHARS else "")


async def summarise(
    reader: DeadLetterReader,
    *,
    reasons: Collection[str],
    since_ms: int | None,
    limit: int,
    show: ShowProgress,
) -> Summary:
    """Read the topic once.

    Args:
        reader: of the topic.
        reasons: skip others; empty: all.
        since_ms: skip what was written before.
        limit: how many of the newest dead letters to keep.
        show: called with the progress.

    Raises:
        ServiceError: Kafka no longer answers.
    """
    found = Summary()
    places: dict[bytes, Place] = {}
    newest: list[tuple[int, bytes, DeadLetterRecord]] = []
    async for one in reader.records(since_ms, show, "reading"):
        if one is None:
            found.foreign += 1
        elif isinstance(one, RetryMark):
            if one.key in places and one.key not in found.marked:
                found.marked.add(one.key)
                found.retried[places[one.key]] += 1
        elif one.key not in places and (not reasons or one.reason in reasons):
            place = places[one.key] = (one.reason, one.topic, one.partition)
            found.letters[place] += 1
            found.events[place] += one.events
            heapq.heappush(newest, (one.time_ms, one.key, one))
            if len(newest) > limit:
                heapq.heappop(newest)
    found.newest = [
        dead_letter for _, _, dead_letter in sorted(newest, key=lambda t: t[:2], reverse=True)
    ]
    return found
