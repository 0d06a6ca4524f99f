"""Divides many commands into batches short enough that others get their turn in between."""

from collections.abc import Iterable, Iterator
from typing import Final

from stream.store.scripts import Command

BATCH_BYTES: Final = 1024 * 1024
BATCH_COMMANDS: Final = 64


def batches(commands: Iterable[tuple[Command, int]]) -> Iterator[list[Command]]:
    """Divide commands, each given with the bytes that it carries, into batches."""
    some: list[Command] = []
    size = 0
    for command, brings in commands:
        some.append(command)
        size += brings
        if size >= BATCH_BYTES or len(some) == BATCH_COMMANDS:
            yield some
            some, size = [], 0
    if some:
        yield some
