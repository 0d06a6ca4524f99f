"""The golden files: what others rely on, as the program makes it, and as it is written down.

After a change on purpose `python -m tests.golden` writes them anew; then the difference is read.
What is said in words for people stands in `texts.json` alone.
"""

import gzip
from collections.abc import Callable
from functools import partial

from tests.golden import names, program, told
from tests.golden.program import FILES, RESULTS

GOLDENS: dict[str, Callable[[], str]] = {
    program.EVENTS.name: program.simulated,  # first: the others are made of it
    **{f"replay/{name}": partial(program.replayed, name) for name in RESULTS},
    "replay/late.jsonl": program.late,
    "commands.txt": program.commands,
    "settings.toml": program.settings,
    "metrics.txt": names.metrics,
    "exposition.txt": names.exposition,
    "view_fields.txt": names.view_fields,
    "redis_keys.txt": names.redis_keys,
    "dead_letters.txt": names.letters,
    "failpoints.txt": names.failpoint_names,
    "api.json": told.api,
    "webhook.txt": told.webhook,
    "alertmanager.txt": told.alertmanager,
    "outbox.txt": told.entries,
    "texts.json": told.texts,
}


def written(name: str) -> str:
    """The text of a golden file."""
    raw = (FILES / name).read_bytes()
    return (gzip.decompress(raw) if name.endswith(".gz") else raw).decode()


def write(name: str) -> None:
    """Make a golden file anew."""
    raw = GOLDENS[name]().encode()
    path = FILES / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(raw, mtime=0) if name.endswith(".gz") else raw)
