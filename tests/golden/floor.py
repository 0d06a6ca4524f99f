"""A floor of which a shard was told: two teams at a peak, one of which has just walked out."""

from dataclasses import dataclass
from functools import cache

import orjson

from stream.config import load_settings
from stream.control.alerts.messages import messages
from stream.control.model import Transition
from stream.events.decode import decode
from stream.figures.model import Figures
from stream.notify.notice import body_of
from stream.shard import Shard
from tests.golden.program import FILES, recorded

SHOWN_MS = 1_772_416_800_000 + 36 * 60_000
"""Six minutes after the walk-out, when alerts stand."""
AT_ONCE = 100


@dataclass(frozen=True)
class Told:
    """What the shard said."""

    figures: Figures
    """At SHOWN_MS."""
    transitions: list[Transition]
    """All, to the end."""


@cache
def told() -> Told:
    shard = Shard(load_settings(FILES / "floor.toml", {}).spec)
    values, shown = recorded(), None
    transitions: list[Transition] = []
    for start in range(0, len(values), AT_ONCE):
        decoded = decode(values[start : start + AT_ONCE], None, shard.names)
        assert decoded.rejected == []
        shard.push(decoded.batch)
        transitions += shard.step(shard.watermark_ms)
        if shown is None and shard.as_of_ms >= SHOWN_MS:
            shown = shard.figures()
    assert shown is not None
    return Told(shown, transitions)


@cache
def bodies() -> tuple[bytes, ...]:
    """Each step of each alert as the document that goes to receivers."""
    return tuple(body_of(one, messages, "en") for one in told().transitions)


def blanked(text: bytes | str) -> str:
    """A document without what it says in words: such texts may change, and have their own file."""
    document = orjson.loads(text)
    for name in ("title", "text"):
        document[name] = ""
    for name in ("titles", "texts"):
        document[name] = dict.fromkeys(document[name], "")
    return orjson.dumps(document).decode()
