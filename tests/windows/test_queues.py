"""Queues of all pools at once, against the trace of each."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from stream.events.decode import decode_objects
from stream.render.views import format_views
from stream.shard import Shard
from stream.spec import Spec
from stream.units import HOUR_MS, NEVER_MS
from stream.windows.phones import Phones
from stream.windows.queues import Queues
from tests.reference import cases
from tests.windows.telling import push

NO_PHONES = Phones(*np.zeros((4, 0), np.int64))
POOLS = 7
START_MS = 1_772_445_600_000
SPAN_MS = 2 * HOUR_MS


def drawn(rng: np.random.Generator) -> list[dict[str, object]]:
    """Calls of all pools but the last, some of which are over; gauges of the first three."""
    events: list[dict[str, object]] = []
    for number in range(60):
        pool = f"pool-{rng.integers(0, POOLS - 1)}"
        ts_ms = START_MS + int(rng.integers(0, SPAN_MS))
        call = {"type": "call", "call": f"c{number}", "pool": pool}
        events.append({**call, "phase": "offered", "ts": ts_ms})
        if rng.random() < 0.7:
            later_ms = ts_ms + int(rng.integers(0, SPAN_MS // 4))
            events.append({**call, "phase": "abandoned", "ts": later_ms})
    for _ in range(9):
        gauge = {"type": "queue", "pool": f"pool-{rng.integers(0, 3)}"}
        ts_ms = START_MS + int(rng.integers(0, SPAN_MS))
        waiting = int(rng.integers(0, 3))
        events.append({**gauge, "ts": ts_ms, "waiting": waiting, "oldest_wait_s": waiting * 7})
    return sorted(events, key=lambda event: int(str(event["ts"])))


@pytest.mark.parametrize("seed", range(10))
def test_the_queues_of_all_pools_at_once_are_those_of_their_traces(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shard = Shard(Spec())
    for number in range(POOLS):
        shard.names.pool("main", f"pool-{number}")
    shard.push(decode_objects(drawn(rng), None, shard.names).batch)
    engine, heads = shard.engine, set[int]()
    for at_ms in (START_MS + rng.integers(0, SPAN_MS, 20)).tolist():
        queues = Queues(engine, NO_PHONES, at_ms, at_ms + 1)
        now = queues.at_first()
        heads.update(now.waiting.tolist())
        for name in ("waiting", "oldest_since_ms", "ringing", "known"):
            assert getattr(now, name).tolist() == [getattr(one, name)[0] for one in queues]
        assert ((now.waiting > 0) == (now.oldest_since_ms < NEVER_MS)).all()
    assert {0, 1, 2} <= heads


def shown(
    events: Sequence[Mapping[str, Any]], at: str, kind: str, *fields: str
) -> list[str | None]:
    """Fields of the view of the only pool, or team, of one who has seen all events until then."""
    shard, until_ms = Shard(Spec(event_clock=True)), cases.at(at)
    push(shard, [dict(event) for event in events if event["ts"] <= until_ms])
    shard.step(until_ms)
    (view,) = (one for key, one in format_views(shard.figures()).items() if key.kind.value == kind)
    return [view.get(field) for field in fields]


FROZEN = ("waiting", "oldest_wait_s", "alert:cover")


def test_a_gauge_that_is_read_no_more_is_no_queue_and_no_reason_for_an_alarm() -> None:
    events = cases.frozen_gauge()
    assert shown(events, "10:01:30", "pool", *FROZEN) == ["5", "149.000", "page"]
    assert shown(events, "10:01:31", "pool", *FROZEN) == [None, None, "page"]
    for instant in ("10:02:32", "10:30:00", "10:59:00"):  # a minute later the alert has ended
        assert shown(events, instant, "pool", *FROZEN) == [None, None, None]


def test_the_queue_is_known_of_a_source_that_took_over_and_who_never_came_back_is_gone() -> None:
    events, later = cases.retired_source(), "2026-03-03T12:00:30"
    assert shown(events, later, "pool", "waiting", "oldest_wait_s") == ["1", "29.000"]
    assert shown(events, later, "team", "agents:offline", "agents:unknown") == ["5", "0"]
    assert shown(events, "10:20:00", "team", "agents:available", "agents:unknown") == ["4", "1"]
