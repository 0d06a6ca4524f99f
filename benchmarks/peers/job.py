"""What a contestant is told, and what it tells of itself.

The rule is the same for all: measured is from the assignment of partitions, just before the first
fetch, until the last result is in Redis. Starting and importing are not measured.
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Job:
    """Where to read, how far, and where to write."""

    brokers: str
    topic: str
    group: str
    redis_url: str
    records: int
    """How many to read: those below `ends`, by partition."""
    ends: dict[int, int]

    @classmethod
    def given(cls) -> "Job":
        """The job on the command line."""
        document = json.loads(sys.argv[1])
        document["ends"] = {int(partition): end for partition, end in document["ends"].items()}
        return cls(**document)


class Meter:
    """Wall and CPU seconds of this process, all threads, between `begin` and `end`."""

    def __init__(self) -> None:
        self._began: tuple[float, float] | None = None

    def begin(self) -> None:
        """Partitions are assigned; the first call counts."""
        self._began = self._began or (time.monotonic(), time.process_time())

    def end(self, records: int) -> None:
        """All is done: tell it on stdout."""
        assert self._began is not None
        wall_s = time.monotonic() - self._began[0]
        cpu_s = time.process_time() - self._began[1]
        document = {
            "records": records,
            "wall_s": wall_s,
            "cpu_s": cpu_s,
            "rss_peak_bytes": rss_peak(),
        }
        print(json.dumps(document), flush=True)


def rss_peak(pid: int | str = "self") -> int:
    """The greatest resident set of a process so far, in bytes.

    Not what wait4 tells: that counts the parent's, from between fork and exec.
    """
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
