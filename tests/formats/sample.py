"""A sample of stored state: what a store holds of one shard, and what must be shown of it.

`python -m tests.formats.sample` writes that of the present format, once, when the format is new.
"""

import base64
import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from stream.events.decode import decode
from stream.render.views import format_views
from stream.roster import NO_ROSTER
from stream.shard import Shard
from stream.simulate.plan import Disturbance, Habits, Plan, WalkOut, even_floors
from stream.simulate.run import simulate
from stream.spec import LocalSpan, PeakSpec, Spec
from stream.store import keys
from stream.units import MINUTE_MS
from stream.windows.snapshot import FORMAT

FOLDER = Path(__file__).parent
START_MS = 1_772_445_600_000
SAVED_MS, COMMITTED_MS, END_MS = (START_MS + n * MINUTE_MS for n in (70, 75, 90))
SPEC = Spec(event_clock=True, peaks=(PeakSpec(LocalSpan(0, 1_440)),))


Records = list[tuple[int, str]]
"""Kafka's time and value of each."""


@dataclass
class Sample:
    """State as an earlier version left it."""

    format: int
    parts: dict[str, bytes]
    control: bytes
    replayed: Records
    """What lies between the parts and the commit of control."""
    shown: dict[str, dict[str, str]]
    """Views after the commit."""
    following: Records
    """What came then."""
    shown_at_last: dict[str, dict[str, str]]

    @classmethod
    def read(cls, path: Path) -> Self:
        held: dict[str, Any] = orjson.loads(gzip.decompress(path.read_bytes()))
        parts = {name: base64.b64decode(text) for name, text in held.pop("parts").items()}
        return cls(parts=parts, control=base64.b64decode(held.pop("control")), **held)

    def write(self, path: Path) -> None:
        parts = {name: base64.b64encode(blob).decode() for name, blob in self.parts.items()}
        held = {**vars(self), "parts": parts, "control": base64.b64encode(self.control).decode()}
        path.write_bytes(gzip.compress(orjson.dumps(held), mtime=0))


def path_of(number: int) -> Path:
    return FOLDER / f"format-{number}.json.gz"


def simulated() -> Records:
    floors = even_floors(2, 4, 24, habits=Habits(talk_ms=60_000, load=0.95))
    walk_out = WalkOut("floor-01", "team-01", START_MS + 66 * MINUTE_MS, 4, lasts_ms=20 * MINUTE_MS)
    rough = Disturbance(late=0.03, repeated=0.02)
    plan = Plan(floors, START_MS, END_MS, 17, rough, (walk_out,))
    return [(sent.sent_ms, orjson.dumps(sent.event).decode()) for sent in simulate(plan)]


def push(shard: Shard, records: Records, *, judge: bool = True) -> None:
    for start in range(0, len(records), 100):
        some = records[start : start + 100]
        decoded = decode([v.encode() for _, v in some], [t for t, _ in some], shard.names)
        shard.push(decoded.batch)
        if judge:
            shard.step(shard.watermark_ms)


def shown(shard: Shard) -> dict[str, dict[str, str]]:
    views = format_views(shard.figures())
    return {keys.view(view): fields for view, fields in views.items()}


def made() -> Sample:
    """The sample of the present format."""
    held = simulated()
    saved = sum(sent_ms < SAVED_MS for sent_ms, _ in held)
    committed = sum(sent_ms < COMMITTED_MS for sent_ms, _ in held)
    shard = Shard(SPEC)
    push(shard, held[:saved])
    parts = shard.snapshot().changed
    push(shard, held[saved:committed])
    control, after_commit = shard.control_state(), shown(shard)
    push(shard, held[committed:])
    return Sample(
        FORMAT, parts, control, held[saved:committed], after_commit, held[committed:], shown(shard)
    )


def restored(sample: Sample) -> Shard:
    """As a worker restores it: parts, the records up to the commit, control."""
    shard = Shard.restore(SPEC, NO_ROSTER, sample.parts, sample.control)
    push(shard, sample.replayed, judge=False)
    shard.resume()
    return shard


if __name__ == "__main__":
    made().write(path_of(FORMAT))
