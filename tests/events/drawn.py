"""Events as a gateway might send them, good and bad, and what a batch says of them by name."""

from typing import Any, Final

from hypothesis import strategies as st

from stream.events.batch import NOBODY, Decoded, EventBatch
from stream.events.language import Kind, Phase, State
from stream.events.names import Names

T_MS: Final = 1_772_447_000_000
"""2026-03-02T10:23:20Z."""
Document = dict[str, Any]

STATE: Final[Document] = {"type": "state", "ts": T_MS, "agent": "ann", "state": "talking"}
CALL: Final[Document] = {"type": "call", "ts": T_MS, "call": "c1", "phase": "ended", "agent": "ann"}
QUEUE: Final[Document] = {"type": "queue", "ts": T_MS, "pool": "sales", "waiting": 3}
HEARTBEAT: Final[Document] = {"type": "heartbeat", "ts": T_MS, "source": "pbx"}
SNAPSHOT: Final[Document] = {"type": "snapshot", "ts": T_MS, "agents": ["ann", "bob", "ann"]}

IDS: Final = ("ann", "bob", "客服一组", "☎👩\u200d💻", " ", "a" * 128, "☎" * 42)
BAD_IDS: Final = (
    "", "a" * 129, "☎" * 43, "x" * 1_024, "a\0b", "a/b", "a\x7f", "a\u0085", "\n",
    "a\u202eb", "\u2066a\u2069", "a\u200f", "\u061ca", "a\u2028b", "a\u2029", "\ufeffa", "a\u200bb",
)  # fmt: skip
TIMES: Final = (T_MS, T_MS + 1, "2026-03-02T10:43:12.345Z", "2026-03-02T18:43:12+08:00")
BAD_TIMES: Final = (
    0, -1, 1_772_447_000, 1_772_447_000_000_000, 1_772_447_000_000_000_000, 32_472_144_000_000,
    631_151_999_999, 4_102_444_800_000, float(T_MS), 1.5, 2**64, 2**80, float("inf"), float("nan"),
    "2026-03-02T10:43:12", "1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "now", "", "\ud800",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
)  # fmt: skip
SECONDS: Final = (0, 1, 0.0005, 0.0015, 12.3456, 2_592_000, -0.0, 1e-9)
BAD_SECONDS: Final = (
    -1, -1e-9, 2_592_000.001, 1e308, 10**400, float("inf"), float("nan"), True, "5", [5],
)  # fmt: skip
ODD: Final[tuple[Any, ...]] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2.5,
    2**63,
    "",
    "x",
    "talking",
    [],
    {},
    ["ann"],
)
"""What may stand in any field by mistake."""

FIELDS: Final[dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]]] = {
    "type": (tuple(kind.name for kind in Kind), ("States", "")),
    "ts": (TIMES, BAD_TIMES),
    "floor": (IDS, BAD_IDS),
    "source": (IDS, BAD_IDS),
    "agent": (IDS, BAD_IDS),
    "team": (IDS, BAD_IDS),
    "state": (tuple(state.name for state in State), ("TALKING", "lunch")),
    "call": (("c1", "c2", "☎"), BAD_IDS),
    "phase": (tuple(phase.name for phase in Phase), ("hung_up", "")),
    "pool": (IDS, BAD_IDS),
    "seq": ((0, 1, 2**62), (-1, 2**62 + 1, 2**63, 1.0, True)),
    "sync": ((True, False), (0, "true")),
    "wait_s": (SECONDS, BAD_SECONDS),
    "oldest_wait_s": (SECONDS, BAD_SECONDS),
    "talk_s": (SECONDS, BAD_SECONDS),
    "hold_s": (SECONDS, BAD_SECONDS),
    "acw_s": (SECONDS, BAD_SECONDS),
    "waiting": ((0, 7, 1_000_000), (-1, 1_000_001, 2**63, 1.0, True)),
    "reason": (("coffee", "☎" * 16, ""), ("☎" * 17, "x" * 65)),
    "channel": (("voice",), ("x" * 65,)),
    "id": (("9f/3", "\0"), ("x" * 129,)),
    "direction": (("inbound", "outbound"), ("up",)),
    "purpose": (("service", "sales"), ("fun",)),
    "work_mode": (("on_site", "at_home"), ("moon",)),
    "agents": (
        ([], ["cid"], [*IDS], ["ann", "ann"]),
        ([""], ["ann", "a/b"], ["ann", 1], [None], [["ann"]], "ann", {"ann": 1}, 3, None),
    ),
    "colour": (("never heard of", 1, None), ()),
}
"""Values of each field that are allowed, and that are not."""


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """One event: a good one of some kind, with more fields, and at times with a mistake."""
    base = draw(st.sampled_from((STATE, CALL, QUEUE, HEARTBEAT, SNAPSHOT)))
    more = draw(st.lists(st.sampled_from(sorted(FIELDS)), max_size=4, unique=True))
    document = {name: draw(st.sampled_from(FIELDS[name][0])) for name in more}
    document = {**base, **document, "type": base["type"]}
    mistake = draw(st.sampled_from(("none", "none", "none", "value", "odd", "gone")))
    name = draw(st.sampled_from(sorted(document)))
    if mistake == "value":
        document[name] = draw(st.sampled_from(FIELDS[name][1] or ODD))
    elif mistake == "odd":
        document[name] = draw(st.sampled_from(ODD))
    elif mistake == "gone":
        del document[name]
    return document


def by_names(batch: EventBatch, names: Names) -> list[tuple[Any, ...]]:
    """What a batch holds, event by event, without any number that is private to a shard."""

    def seat(number: int) -> tuple[str, ...] | None:
        return None if number < 0 else names.seats.keys[number]

    states, calls, queues = batch.states, batch.calls, batch.queues
    of: dict[int, tuple[Any, ...]] = {}
    for row in range(len(states.event)):
        of[int(states.event[row])] = (
            "state", states.ts_ms[row], states.seq[row], seat(states.seat[row]),
            State(int(states.state[row])).name, names.sources.keys[states.source[row]],
            bool(states.sync[row]), batch.reasons.get(int(states.reason[row]), ""),
        )  # fmt: skip
    for row in range(len(calls.event)):
        of[int(calls.event[row])] = (
            "call", calls.ts_ms[row], names.floors.keys[calls.floor[row]], calls.call[row],
            Phase(int(calls.phase[row])).name, names.pools.keys[calls.pool[row]],
            seat(calls.seat[row]), calls.wait_ms[row], calls.talk_ms[row], calls.hold_ms[row],
            calls.acw_ms[row], int(calls.by[row]), batch.reasons.get(int(calls.reason[row]), ""),
        )  # fmt: skip
    for row in range(len(queues.event)):
        of[int(queues.event[row])] = (
            "queue", queues.ts_ms[row], names.pools.keys[queues.pool[row]], queues.waiting[row],
            queues.oldest_wait_ms[row],
        )  # fmt: skip
    snapshots = batch.snapshots
    for row in range(len(snapshots.event)):
        agent, event = int(snapshots.agent[row]), int(snapshots.event[row])
        named = of.get(event, ("snapshot", snapshots.ts_ms[row]))
        of[event] = named if agent == NOBODY else (*named, names.agents.keys[agent])
    return [
        (
            int(batch.record[event]), int(batch.ts_ms[event]), int(batch.seen_ms[event]),
            names.sources.keys[batch.source[event]], of.get(event, ("heartbeat",)),
        )
        for event in range(len(batch))
    ]  # fmt: skip


def told(decoded: Decoded, names: Names) -> tuple[list[Any], list[Any]]:
    """Events and refusals of a batch."""
    refused = [(one.record, one.reason, one.detail) for one in decoded.rejected]
    return by_names(decoded.batch, names), refused
