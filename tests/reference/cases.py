"""Small inputs from public bug reports of people who run call centres, each of another kind.

The times are those of 2 March 2026 in UTC, or those that the function names.
"""

from datetime import datetime
from typing import Any, Final

from tests.reference.records import Event
from tests.reference.rules import DAY, HOUR, MINUTE, SECOND, Member

TEN: Final = 1_772_445_600_000
"""2026-03-02T10:00:00Z, a Monday."""


def at(text: str) -> int:
    """Epoch milliseconds of an instant in UTC, `10:00:15` on that Monday or a whole date."""
    whole = text if "T" in text else f"2026-03-02T{text}"
    return round(datetime.fromisoformat(f"{whole}+00:00").timestamp() * 1000)


def state(ts: int | str, agent: str, name: str, **more: Any) -> Event:
    when = ts if isinstance(ts, int) else at(ts)
    return {"type": "state", "ts": when, "agent": agent, "team": "t", "state": name} | more


def call(ts: int | str, name: str, phase: str, **more: Any) -> Event:
    when = ts if isinstance(ts, int) else at(ts)
    return {"type": "call", "ts": when, "call": name, "phase": phase} | more


def beats(start: int, end: int, step: int = 30 * SECOND, /, **more: Any) -> list[Event]:
    """Heartbeats from start to end, both included."""
    return [{"type": "heartbeat", "ts": ts} | more for ts in range(start, end + 1, step)]


def in_order(*events: Event) -> list[Event]:
    """By time; of equal times as they are given."""
    return sorted(events, key=lambda one: int(one["ts"]))


def fast_clock_source() -> list[Event]:
    """The clock of pbx-b is 58 minutes fast, and so are the stamps of its records."""
    start, fast = at("10:35:00"), at("11:34:00")
    a = {"source": "pbx-a", "team": "a"}
    events = in_order(
        state(start, "ann", "available", **a),
        *beats(start, start + 119 * 30 * SECOND, source="pbx-a"),
        state("10:45:00", "ann", "talking", **a),
        call("10:45:00", "c1", "answered", agent="ann", wait_s=5, **a),
        state("10:55:00", "ann", "available", **a),
        call("10:55:00", "c1", "ended", agent="ann", **a),
    )
    events.insert(4, state(fast, "bob", "available", source="pbx-b", team="b"))
    return [{**event, "received": event["ts"]} for event in events]


def retired_source() -> list[Event]:
    """pbx-old is replaced by pbx-new, and ann comes no more; a day later the others go home."""
    old, new = {"source": "pbx-old"}, {"source": "pbx-new"}
    moved, gone = at("10:05:10"), at("2026-03-03T12:00:00")
    return in_order(
        *(state(TEN, who, "available", **old) for who in ("ann", "bob", "cid", "dan", "eve")),
        *beats(TEN + 30 * SECOND, TEN + 5 * MINUTE, **old),
        *(state(moved, who, "available", sync=True, **new) for who in ("bob", "cid", "dan", "eve")),
        *beats(moved + MINUTE, gone - MINUTE, MINUTE, **new),
        *(state(gone, who, "offline", **new) for who in ("bob", "cid", "dan", "eve")),
        call(gone + SECOND, "c1", "offered", **new),
        *beats(gone + 20 * SECOND, gone + 5 * MINUTE, 20 * SECOND, **new),
    )


def callback_waits() -> list[Event]:
    return in_order(
        state("10:00:00", "ann", "available"),
        call("10:00:10", "c1", "offered"),
        call("10:00:40", "c1", "callback_requested"),
        state("10:01:00", "ann", "aux"),
        *beats(at("10:01:30"), at("10:30:00")),
    )


SALES_AND_SUPPORT: Final = (
    Member("ann", "sales-team", "sales"),
    Member("bob", "support-team", "support"),
)


def overflow_second_pool() -> list[Event]:
    """A call is answered in sales, and then waits in support."""
    sales, support = {"pool": "sales"}, {"pool": "support"}
    return in_order(
        {**state("10:00:00", "ann", "available"), "team": "sales-team"},
        {**state("10:00:00", "bob", "available"), "team": "support-team"},
        call("10:00:10", "c1", "offered", **sales),
        call("10:00:15", "c1", "answered", agent="ann", wait_s=5, **sales),
        call("10:01:00", "c1", "ended", agent="ann", talk_s=45, **sales),
        call("10:01:00", "c1", "offered", **support),
        *beats(at("10:01:30"), at("10:03:00")),
        call("10:03:10", "c1", "answered", agent="bob", **support),
        call("10:05:10", "c1", "ended", agent="bob", **support),
    )


def same_agent_twice() -> list[Event]:
    """ann hands a call to bob, who hands it back."""
    return [
        call("10:00:10", "c1", "offered"),
        call("10:00:15", "c1", "answered", agent="ann", team="t"),
        call("10:01:15", "c1", "ended", agent="ann", team="t"),
        call("10:01:15", "c1", "answered", agent="bob", team="t"),
        call("10:02:15", "c1", "ended", agent="bob", team="t"),
        call("10:02:15", "c1", "answered", agent="ann", team="t"),
        call("10:06:15", "c1", "ended", agent="ann", team="t"),
    ]


def frozen_gauge() -> list[Event]:
    """A wallboard's gauge is read once and never again."""
    gauge = {"type": "queue", "ts": at("10:00:01"), "source": "wall"}
    return in_order(
        state("10:00:00", "ann", "meeting", source="pbx"),
        {**gauge, "waiting": 5, "oldest_wait_s": 60},
        *beats(at("10:00:30"), at("11:14:30"), source="pbx"),
    )


def wait_over_an_hour() -> list[Event]:
    return in_order(
        state("10:00:00", "ann", "meeting"),
        call("10:00:00", "c1", "offered"),
        *beats(at("10:00:30"), at("11:30:00")),
        call("11:30:00", "c1", "answered", agent="ann", team="t"),
    )


def aht_hold_twice() -> list[Event]:
    """The source tells the hold, not the talk."""
    mine = {"agent": "ann", "team": "t"}
    return [
        call("10:00:00", "c1", "answered", **mine),
        call("10:05:00", "c1", "ended", hold_s=60, **mine),
        call("10:05:30", "c1", "wrapped", acw_s=30, **mine),
    ]


def answered_without_pool() -> list[Event]:
    """Only `offered` names the pool."""
    return [
        call("10:00:10", "c1", "offered", pool="sales"),
        call("10:00:15", "c1", "answered", agent="ann"),
        call("10:01:15", "c1", "ended", agent="ann"),
        call("10:01:20", "c2", "offered", pool="sales"),
        call("10:01:50", "c2", "abandoned"),
    ]


def one_second_stamps() -> list[Event]:
    """acw and available in the same second, in the order of the file."""
    return [
        state("10:00:00", "ann", "available"),
        state("10:05:00", "ann", "talking"),
        state("10:08:00", "ann", "acw"),
        state("10:08:00", "ann", "available"),
        state("10:28:00", "ann", "talking"),
        state("10:30:00", "ann", "available"),
    ]


def relogin_same_second() -> list[Event]:
    """A new session replaces the old one within a second."""
    return [
        state("10:00:00", "ann", "available"),
        state("10:10:00", "ann", "offline", reason="old session replaced"),
        state("10:10:00", "ann", "available", reason="new session"),
        state("10:40:00", "ann", "talking"),
        state("10:45:00", "ann", "offline"),
    ]


def call_id_again() -> list[Event]:
    """After a restart the PBX numbers its calls from 1 again."""
    events: list[Event] = []
    for begin, agent in ((at("10:02:00"), "ann"), (at("10:42:00"), "bob")):
        for number in (1, 2, 3):
            mine = {"agent": agent, "team": "t"}
            ts, name = begin + (number - 1) * 2 * MINUTE, str(number)
            events += [
                call(ts, name, "offered"),
                call(ts + 10 * SECOND, name, "answered", **mine),
                call(ts + 100 * SECOND, name, "ended", **mine),
                call(ts + 110 * SECOND, name, "wrapped", acw_s=10, **mine),
            ]
    return [*events, call("10:50:00", "1", "offered"), *beats(at("10:52:00"), at("10:52:00"))]


def ancient_first() -> list[Event]:
    """A clock that boots at an epoch speaks first."""
    return [
        state("2000-01-01T00:00:05", "ann", "available"),
        state("10:00:00", "ann", "available"),
        state("10:10:00", "ann", "talking"),
        state("10:20:00", "ann", "available"),
    ]


def future_one() -> list[Event]:
    return [
        state("10:00:00", "ann", "available"),
        state("10:10:00", "ann", "talking"),
        state("2036-03-02T10:20:00", "bob", "available"),
    ]


def vanished_team(days: int) -> list[Event]:
    """A misspelt team, and ten more of a minute each; then ann alone goes on."""
    events = [state(TEN, "ann", "available", team="slaes")]
    events += [state(TEN + SECOND, "ann", "available", team="sales")]
    for number in range(1, 11):
        who, team = f"x{number}", {"team": f"tmp-{number}"}
        events += [state(TEN + SECOND + number, who, "available", **team)]
        events += [state(TEN + MINUTE + number, who, "offline", **team)]
    for number in range(1, days * 144):
        name = ("available", "talking")[number % 2]
        events += [state(TEN + number * 10 * MINUTE, "ann", name, team="sales")]
    return in_order(*events)


def dst_day(start: str, hours: int) -> list[Event]:
    """Half hours available and talking by turns, across a change of the clock; then home."""
    begin = at(start)
    turns = [
        state(begin + number * HOUR // 2, "ann", ("available", "talking")[number % 2])
        for number in range(2 * hours)
    ]
    return [*turns, state(begin + hours * HOUR, "ann", "offline")]


def day_ahead(days: int) -> list[Event]:
    """Three floors at work; on one of them a source of its own is days ahead, once."""
    events: list[Event] = []
    for floor in ("berlin", "hamburg", "bremen"):
        mine = {"floor": floor, "source": f"pbx-{floor}"}
        events += beats(TEN, TEN + 4 * MINUTE, 10 * SECOND, **mine)
        for number in range(24):
            name = ("talking", "acw")[number % 2]
            events += [state(TEN + number * 10 * SECOND, "ann", name, **mine)]
    events = in_order(*events)
    bad = {"floor": "berlin", "source": "bad-pbx"}
    events.insert(len(events) // 2, state(TEN + days * DAY, "a-99", "available", **bad))
    return events


def ghosts() -> list[Event]:
    """A feed dies with a misspelt team, a leaver and one who is off; others work days later."""
    old = {"source": "old-pbx"}
    events = [
        state(TEN, "typo", "available", team="slaes", **old),
        state(TEN, "leaver", "available", **old),
        state(TEN + SECOND, "off", "offline", **old),
    ]
    for day in (1, 3, 10):
        begin = TEN + day * DAY
        events += [state(begin + i, f"n{i}", "available", source="new") for i in range(8)]
        events += beats(begin, begin + 10 * MINUTE, source="new")
    return events


def leaver(name: str | None) -> list[Event]:
    """Of a dead feed one agent is known, in a state or not at all; eleven of twelve walk out."""
    left = [state(TEN, "leaver", name, source="old")] if name else []
    begin = TEN + 5 * DAY
    return in_order(
        *left,
        *beats(begin, begin + 8 * MINUTE, 10_000, source="s"),
        *(state(begin + i, f"a{i}", "available", source="s") for i in range(12)),
        *(state(begin + 4 * MINUTE + i, f"a{i}", "aux", source="s") for i in range(11)),
    )
