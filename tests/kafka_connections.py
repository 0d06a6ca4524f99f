"""Connections to Kafka that a test left open: closed at its end, and reported with their origin.

aiokafka keeps a connection open for ever if its client is closed while another task connects, or
if the client's start is cancelled (https://github.com/aio-libs/aiokafka/issues/1130). The garbage
collector then finds it in a later test, which would fail for a leak that is not its own.
"""

import asyncio
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aiokafka.conn import AIOKafkaConnection


class KafkaConnectionLeftOpen(pytest.PytestWarning):
    """A test ended and a connection to Kafka was open; the message says where it was opened."""


@contextmanager
def closed_at_the_end() -> Iterator[None]:
    """Close what was connected within and is still open, with a warning for each connection."""
    opened: list[tuple[Any, str]] = []
    connect = AIOKafkaConnection.connect

    async def remembered(self: Any) -> Any:
        opened.append((self, _origin()))
        return await connect(self)

    AIOKafkaConnection.connect = remembered
    try:
        yield
    finally:
        AIOKafkaConnection.connect = connect
    for connection, origin in opened:
        if connection.connected():
            _close(connection)
            warnings.warn(KafkaConnectionLeftOpen(f"{connection}, by {origin}"), stacklevel=1)


def _origin() -> str:
    return f"{asyncio.current_task()}:\n{''.join(traceback.format_stack(limit=12)[:-2])}"


def _close(connection: Any) -> None:
    """Close a connection, also one whose event loop has been closed before it."""
    loop, transport = connection._loop, connection._writer.transport
    if not loop.is_closed():
        loop.call_soon_threadsafe(connection.close)
        return
    transport._closing = True
    transport._sock.close()
    transport._sock = None
    connection._reader.feed_eof()
