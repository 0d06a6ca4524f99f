"""Names that dashboards, rules and other programs use: metrics, fields, keys, reasons, points."""

from collections.abc import Iterable
from dataclasses import replace

import orjson
from prometheus_client.parser import text_string_to_metric_families

from stream import failpoints
from stream.dlq.dead_letters import WHOLE_BYTES_MAX, Origin, make_dead_letters
from stream.events.decode import decode
from stream.events.names import Names
from stream.events.partition import Route
from stream.render.catalogue import METRICS, ratio_metric
from stream.render.exposition import render_figures
from stream.render.views import format_views
from stream.render.worker_metrics import Health
from stream.shard import Shard
from stream.spec import RATIOS, NameLimits, SourceSpec, Spec
from stream.store import keys
from stream.store.keys import ShardKey
from tests.golden.floor import told

OPEN = frozenset({"floor", "pool", "team", "source"})
"""Labels with names of the floor's own."""
T_MS = 1_772_447_040_000
Event = dict[str, object]


def lines(texts: Iterable[str]) -> str:
    return "".join(f"{text}\n" for text in texts)


def metrics() -> str:
    """The list of metrics: name, kind, labels in order."""
    listed = [*METRICS, *map(ratio_metric, RATIOS)]
    return lines(" ".join([metric.name, metric.kind, *metric.labels]) for metric in listed)


def exposition() -> str:
    """What a scrape brings: each series' name, kind, labels, and values of labels."""
    text = render_figures([told().figures]) + Health().text()
    found: dict[str, tuple[str, dict[str, set[str]]]] = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            _, labels = found.setdefault(sample.name, (family.type, {}))
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add("*" if label in OPEN else value)
    ours = {name: one for name, one in sorted(found.items()) if name.startswith("floorwatch_")}
    return lines(
        line
        for name, (kind, labels) in ours.items()
        for line in (
            f"{name} {kind}",
            *(f"  {label}: {' '.join(sorted(values))}" for label, values in sorted(labels.items())),
        )
    )


def view_fields() -> str:
    """The fields that the views of teams, and those of pools, have."""
    fields: dict[str, set[str]] = {}
    for view, texts in format_views(told().figures).items():
        fields.setdefault(view.kind, set()).update(texts)
    return lines(f"{kind} {name}" for kind in sorted(fields) for name in sorted(fields[kind]))


def redis_keys() -> str:
    """How each key is spelt."""
    shard = ShardKey("floor-events", 3)
    return lines(
        [
            keys.teams(),
            keys.team_view("north", "sales-1"),
            keys.pool_view("north", "sales"),
            keys.rules("floorwatch:floor-events"),
            keys.shard(shard),
            keys.store_id(shard),
            keys.outbox(shard),
            keys.garbage(shard),
            keys.views(shard),
            keys.piece(shard, "agents/0", "c0ffee", 1),
            keys.hours(shard, "north"),
            keys.hour(shard, "north", 1_772_445_600_000),
        ]
    )


def failpoint_names() -> str:
    """What FLOORWATCH_FAULT may name."""
    return lines(
        [
            failpoints.VARIABLE,
            *(f"{deed}@" for deed in failpoints.SIGNALS),
            *sorted(failpoints.STEPS),
        ]
    )


# ------------------------------------------------------------------------------ dead letters


def state(at_s: float, agent: str = "ann", **more: object) -> Event:
    said: Event = {"type": "state", "agent": agent, "state": "aux", "source": "a"}
    return said | {"ts": T_MS + round(at_s * 1000)} | more


def heartbeat(at_s: float, source: str) -> Event:
    return {"type": "heartbeat", "ts": T_MS + round(at_s * 1000), "source": source}


REFUSED: tuple[bytes | None, ...] = (
    b"{",
    b"5",
    None,
    b" " * 10_000_000,
    *map(
        orjson.dumps,
        (
            {},
            state(0, agent=7),  # type: ignore[arg-type]
            state(0, state="asleep"),
            state(0, ts="noon"),
            state(0, agent="a/b"),
            {"type": "queue", "ts": T_MS, "pool": "sales", "waiting": -1},
            state(60),
            state(0, floor="elsewhere"),
        ),
    ),
)
"""A record for each reason for which an event is refused."""
CROWD = [state(at / 100, state=("aux", "acw")[at % 2]) for at in range(1, 9_000)]
LATE: tuple[tuple[list[Event], Event], ...] = (
    ([state(0), heartbeat(400, "a")], state(60)),
    ([state(0), heartbeat(8_000, "b")], state(100)),
    ([state(0), heartbeat(0, "b"), heartbeat(36 * 60 + 1_800, "b")], state(60)),
    ([heartbeat(0, "a"), *CROWD], state(0)),
)
"""What a shard is told, and an event that is late then."""
LOG = Spec(event_clock=True, sources=(SourceSpec(heartbeat_ms=None, silence_ms=None),))


def letters() -> str:
    """Reason, the key of the letter's record, and the names of its headers."""
    origin, route = Origin("floor-events", 3), Route(3, 4)
    numbers = range(100, 100 + len(REFUSED))
    refused = decode(REFUSED, [T_MS] * len(REFUSED), Names(), route).rejected
    found = make_dead_letters(origin, REFUSED, numbers, refused, [])
    full = Shard(replace(LOG, limits=NameLimits(agents=1)))
    values = [orjson.dumps(state(0)), orjson.dumps(state(0, agent="bob"))]
    assert full.push(decode(values, None, full.names).batch) == []
    found += make_dead_letters(origin, values, [112, 113], full.take_rejected(), [])
    for before, event in LATE:
        shard = Shard(LOG)
        for some in (before, [event]):
            values = [orjson.dumps(one) for one in some]
            late = shard.push(decode(values, None, shard.names).batch)
        found += make_dead_letters(origin, values, [7], [], late)
    large = max(found, key=lambda letter: len(letter.headers))
    assert len(dict(large.headers)["size"]) >= len(str(WHOLE_BYTES_MAX))
    return lines(
        f"{letter.reason} {letter.key.decode()} {' '.join(name for name, _ in letter.headers)}"
        for letter in found
    )
