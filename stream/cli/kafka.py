"""Work with Kafka in a command: its errors become one line."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

from stream.errors import ServiceError

T = TypeVar("T")


def run_with_kafka(brokers: str, work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end.

    Raises:
        ServiceError: for errors of Kafka.
    """
    from aiokafka.errors import KafkaError

    # The error says what they would log; without a handler they print it to stderr.
    for name in ("aiokafka", "asyncio"):
        logging.getLogger(name).addHandler(logging.NullHandler())
    try:
        return asyncio.run(work)
    except (KafkaError, OSError, TimeoutError) as error:
        raise ServiceError(f"Kafka at {brokers}: {str(error) or 'no answer in time'}") from None
