"""The events in docs/events.md are accepted and count as it says."""

import json
import re

from stream.events.decode import decode_objects
from stream.shard import Shard
from stream.spec import Spec
from stream.windows.calls.minute_sums import TEAM_COUNTS
from tests.components import ROOT

GUIDE = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
BLOCKS = [
    [json.loads(line) for line in block.splitlines()]
    for block in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
]


def shard_of(block: int) -> Shard:
    shard = Shard(Spec(event_clock=True, seat_calls=True))
    decoded = decode_objects(BLOCKS[block], None, shard.names)
    assert decoded.rejected == []
    assert shard.push(decoded.batch) == []
    shard.step(shard.watermark_ms)
    return shard


def test_the_call_of_the_guide_counts_as_it_says() -> None:
    shard = shard_of(0)
    sums = shard.seat_sums(shard.watermark_ms - 3_600_000, shard.watermark_ms + 1)
    calls = {
        key[3]: dict(zip(TEAM_COUNTS, row, strict=True))
        for key, row in zip(sums.keys, sums.calls.tolist(), strict=True)
    }
    assert (calls["ann"]["handled"], calls["ann"]["talk_ms"]) == (1, 165_000)
    bob = [calls["bob"][name] for name in ("handled", "talk_ms", "hold_ms", "acw_ms")]
    assert bob == [1, 130_000, 20_000, 30_000]
    assert not +shard.engine.counting.calls.odd


def test_the_snapshot_of_the_guide_says_where_everybody_is() -> None:
    shard = shard_of(1)
    states = {one.agent: one.state for one in shard.members("main", "unassigned")}
    assert states == {"ann": "aux", "bob": "available"}
