"""What repeats itself is said now and then, and says how often it happened."""

import json
import logging
import re
import subprocess
import sys
from datetime import datetime

from stream.agents.logs import JsonFormatter, RateLimit, TextFormatter
from tests.components import ROOT


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


def described(error: Exception | None = None) -> logging.LogRecord:
    info = None if error is None else (type(error), error, None)
    record = logging.LogRecord("stream.x", logging.ERROR, "", 0, "客服 %s\u2028end", ("é",), info)
    record.created = 1_772_447_040.123
    return record


def test_a_line_of_text_has_time_with_its_offset_level_worker_logger_and_message() -> None:
    text = TextFormatter("desk-7").format(described())
    assert re.fullmatch(
        r"2026-03-0\d \d\d:\d\d:00,123[+-]\d\d:\d\d ERROR desk-7 stream\.x: 客服 é\u2028end", text
    )


def test_a_line_of_json_has_the_same_and_an_exception_as_a_field() -> None:
    text = JsonFormatter("desk-7").format(described(ValueError("a\nb")))
    assert text.isascii()
    assert len(text.splitlines()) == 1
    line = json.loads(text)
    assert list(line) == ["time", "level", "worker", "logger", "message", "exception"]
    assert datetime.fromisoformat(line["time"]).timestamp() == 1_772_447_040.123
    assert (line["level"], line["worker"], line["logger"]) == ("ERROR", "desk-7", "stream.x")
    assert line["message"] == "客服 é\u2028end"
    assert line["exception"] == "ValueError: a\nb"


PROGRAM = """
import logging, sys, threading, warnings
from stream.agents.logs import log_to_stderr
log_to_stderr("w-1", sys.argv[1])
log = logging.getLogger("stream.x")
log.info("first")
warnings.warn("old", UserWarning)
thread = threading.Thread(target=lambda: 1 / 0)
thread.start()
thread.join()
raise OSError("a\\nb")
"""


def test_in_json_whatever_the_program_prints_is_an_object_a_line_in_any_locale() -> None:
    for locale in ("C", "C.UTF-8", "POSIX"):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "json"],
            capture_output=True,
            check=False,
            cwd=ROOT,
            env={"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        )
        lines = [json.loads(line) for line in done.stderr.decode("ascii").splitlines()]
        assert [line["level"] for line in lines] == ["INFO", "WARNING", "CRITICAL", "CRITICAL"]
        assert "ZeroDivisionError" in lines[2]["exception"]
        assert lines[3]["exception"].endswith("OSError: a\nb")
        assert done.returncode == 1
