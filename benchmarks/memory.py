"""Bytes an agent costs: the difference between two processes that hold many and few agents.

As a program: `memory.py AGENTS` drives a shard through two hours of events and prints its resident
set.
"""

import gc
import os
import subprocess
import sys
from pathlib import Path

from crowd import Crowd, hold, template

AGENTS_PER_FLOOR = 1_000


def bytes_per_agent(few: int, many: int) -> float:
    """The difference of two processes' resident sets, by agent."""
    running = [
        subprocess.Popen([sys.executable, __file__, str(agents)], stdout=subprocess.PIPE, text=True)
        for agents in (few, many)
    ]
    outputs = [process.communicate()[0] for process in running]
    rss = [int(text.split()[-1]) for text in outputs]
    return (rss[1] - rss[0]) / (many - few)


def resident_bytes() -> int:
    """The resident set of this process now."""
    pages = Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    agents = int(sys.argv[1])
    floors = max(1, agents // AGENTS_PER_FLOOR)
    shard = hold(Crowd(template(agents // floors), floors))
    gc.collect()
    print(f"{len(shard.names.agents)} agents, {shard.counts['accepted']} events,", file=sys.stderr)
    print(resident_bytes())


if __name__ == "__main__":
    main()
