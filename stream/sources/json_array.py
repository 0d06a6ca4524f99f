"""A JSON array that is spread over the lines of a file, element by element."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

_MARKS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{},]')
"""Strings, which no line break can part, and what is a mark outside of them."""
_OPENING, _CLOSING = (b"[", b"{"), (b"]", b"}")
_SPACE: Final = b" \t\r\n"


class ArrayLines:
    """Cuts the text of one array into its elements; holds no more than the element at hand.

    An element that is no JSON spoils no other: only brackets, commas and strings are looked at.
    """

    def __init__(self) -> None:
        self.is_over = False
        """Whether the array was closed."""
        self._depth = 0
        self._begun: list[bytes] = []
        self._line = 0

    def feed(self, number: int, row: bytes) -> Iterator[tuple[int, bytes]]:
        """The elements that end in a line, each with the number of the line where it began.

        What follows the end of the array in its line is the last element.
        """
        start = 0
        for at, end in self._edges(row):
            yield from self._ended(number, row[start:at])
            start = end
        self._add(number, row[start:])
        if self.is_over:
            yield from self.rest()

    def _edges(self, row: bytes) -> Iterator[tuple[int, int]]:
        """Where elements end, and where what follows them begins."""
        for mark in _MARKS.finditer(row):
            one = mark.group()
            if one in _OPENING:
                self._depth += 1
            elif one in _CLOSING:
                self._depth -= 1
            is_edge = one == b"," and self._depth == 1
            if is_edge or (one == b"[" and self._depth == 1) or self._depth == 0:
                yield mark.span()
            if self._depth == 0 and one in _CLOSING:
                self.is_over = True
                return

    def rest(self) -> Iterator[tuple[int, bytes]]:
        """What was begun and has not ended, as when the file is cut."""
        if self._begun:
            yield self._line, b"".join(self._begun)
            self._begun.clear()

    def _add(self, number: int, part: bytes) -> None:
        if not self._begun:
            part, self._line = part.lstrip(_SPACE), number
        if part:
            self._begun.append(part)

    def _ended(self, number: int, part: bytes) -> Iterator[tuple[int, bytes]]:
        self._add(number, part)
        yield from self.rest()


def elements(lines: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """The elements of an array whose first line comes first; afterwards, each line as it is."""
    array = ArrayLines()
    for number, row in lines:
        yield from [(number, row)] if array.is_over else array.feed(number, row)
    yield from array.rest()
