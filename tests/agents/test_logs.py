"""What repeats itself is said now and then, and says how often it happened."""

import logging

from stream.agents.logs import RateLimit


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def line(name: str, text: str, *args: object) -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, "", 0, text, args, None)


def test_a_noisy_library_logs_one_kind_of_line_once_in_ten_seconds() -> None:
    clock = Clock()
    limit = RateLimit(10, clock)

    assert limit.filter(line("aiokafka.conn", "failed: %s", 1))
    assert not limit.filter(line("aiokafka.conn", "failed: %s", 2))
    clock.now = 10.0
    second = line("aiokafka.conn", "failed: %s", 3)
    assert limit.filter(second)
    assert second.getMessage() == "failed: 3 (and 1 more times)"


def test_our_own_lines_are_suppressed_only_if_they_are_equal() -> None:
    limit = RateLimit(10, Clock())

    assert limit.filter(line("stream.agents", "partition %d is lost", 1))
    assert limit.filter(line("stream.agents", "partition %d is lost", 2))
    assert not limit.filter(line("stream.agents", "partition %d is lost", 2))


def test_a_library_without_its_service_prints_no_traceback() -> None:
    error = OSError("no")
    record = logging.LogRecord("aiokafka", logging.ERROR, "", 0, "x", (), (OSError, error, None))

    RateLimit(10, Clock()).filter(record)

    assert record.exc_info is None
