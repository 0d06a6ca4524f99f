"""The promises of the engine, as checks of one history each; `assert` tells which is broken."""

from itertools import pairwise
from typing import Any, Final

from stream.shard import Shard
from stream.windows.closing.archive import encode
from tests.reference.by_names import (
    by_names,
    differing,
    same_transitions,
    transitions_by_names,
    views,
)
from tests.reference.engine import Engine, play
from tests.reference.history import History
from tests.reference.properties import admissible_orders
from tests.reference.records import Record

CLOSED_WINDOWS: Final = 3
"""5m, 15m and 60m: windows that all teams of a floor share."""


def check_accounts(history: History) -> None:
    """In each window an agent's states add up to its length, over all his teams."""
    single, engine = Engine(history.rules), Engine(history.rules)
    for stop in play(history, history.cuts(), single, engine):
        engine.shard.step(history.now(stop, engine.shard.watermark_ms))
        _accounts(engine.shard, "calendar_change" not in history.kinds)
    for look in history.looks:
        engine.shard.step(look)
        _accounts(engine.shard, "calendar_change" not in history.kinds)


def _accounts(shard: Shard, keeps_shifts: bool) -> None:
    """Of all teams, also those that are no longer shown: somebody may have been offline there.

    keeps_shifts: by new calendars a shift may have begun before what is stored.
    """
    shown, tables = shard.figures().teams, shard.all_members()
    for floor in {key.floor for key in shown.keys}:
        lengths = shown.window_ms[[key.floor == floor for key in shown.keys]]
        keys = {key for key in tables if key.floor == floor}
        alike = keys <= set(shown.keys) and (lengths == lengths[0]).all()
        shared = 4 if alike and keeps_shifts else CLOSED_WINDOWS
        sums: dict[str, Any] = {}
        for member in (one for key in keys for one in tables[key]):
            sums[member.agent] = sums.get(member.agent, 0) + member.state_ms.sum(axis=1)
        for agent, spent in sums.items():
            found, wanted = spent[:shared].tolist(), lengths[0, :shared].tolist()
            assert found in (wanted, [0] * shared), f"{floor}/{agent}: {found} of {wanted}"


def check_converges(history: History) -> bool:
    """Another admissible order, with repetitions, gives the same figures, bit by bit.

    Returns whether anything was left to compare under the premises of decision 0032.
    """
    plain, mixed = admissible_orders(history.unchanged())
    one = _fed(Engine(history.rules), plain, 5, steps=False)
    other = _fed(Engine(history.rules), mixed, 3, steps=True)
    reached = max(one.watermark_ms, other.watermark_ms)
    for look in history.looks:
        for shard in (one, other):
            shard.step(max(look, reached))
        found = differing(_of_events(one), _of_events(other))
        assert not found, "\n".join([f"as_of {look}", *found])
    return bool(plain)


def _of_events(shard: Shard) -> dict[str, Any]:
    """The figures without the watermarks: where a source starts depends on who spoke before."""
    figures = by_names(shard)
    sources = {key: silent for key, (_, silent) in figures["sources"].items()}
    teams = {
        key: {name: value for name, value in team.items() if name != "watermark_ms"}
        for key, team in figures["teams"].items()
    }
    return figures | {"sources": sources, "teams": teams}


def _fed(engine: Engine, records: list[Record], width: int, *, steps: bool) -> Shard:
    for first in range(0, len(records), width):
        engine.push(records[first : first + width])
        if steps:
            engine.shard.step(engine.shard.watermark_ms)
    assert not engine.refused, "an admissible event was refused"
    return engine.shard


def check_batches(history: History) -> None:
    """One by one or in any batches: the same refused events, hours and figures."""
    single, batched = Engine(history.rules), Engine(history.rules)
    for _ in play(history, history.cuts(), single, batched):
        _same_handed_out(single, batched)
    for look in history.looks:
        for engine in (single, batched):
            engine.shard.step(look)
        _same_figures(single.shard, batched.shard)


def check_restores(history: History, *, behind: bool = False) -> int:
    """An engine restored from several snapshots goes on as the one that never stopped.

    behind: time is what the events have reached, as in a worker that works off a backlog,
    whatever Kafka's time stamps say.
    """
    *stops, end = history.cuts()
    commit = stops[-1] if stops else end
    engine, stored_at = Engine(history.rules), 0
    for first, last in pairwise([0, *stops]):
        engine.push(history.records[first:last])
        watermark = engine.shard.watermark_ms
        now = watermark if behind else history.now(last, watermark)
        if history.random(f"kept {last}").random() < 0.5:
            engine.shard.step(now)  # else what was pushed is kept unjudged
        if last < commit or len(stops) == 1:
            engine.store()
            stored_at = last
        engine.shard.step(now)
    if not stored_at:
        return 0
    twin = engine.twin(history.records[stored_at:commit])
    for one in (engine, twin):
        one.push(history.records[commit:end])
    _same_handed_out(engine, twin)
    watermark = engine.shard.watermark_ms
    now = watermark if behind else history.now(end, watermark)
    return sum(_step_alike(engine.shard, twin.shard, look) for look in (now, *history.looks))


def check_restores_behind(history: History) -> int:
    return check_restores(history, behind=True)


def _same_handed_out(one: Engine, other: Engine) -> None:
    assert one.refused == other.refused, "other refused events"
    hours = [sorted(encode(hour) for hour in engine.hours) for engine in (one, other)]
    assert hours[0] == hours[1], "other hours"


def _step_alike(one: Shard, other: Shard, as_of_ms: int) -> int:
    time_moves = as_of_ms > one.as_of_ms
    said = transitions_by_names(one.step(as_of_ms))
    same_transitions(said, transitions_by_names(other.step(as_of_ms)))
    # Until time moves control shows the teams that it knew when it judged last.
    assert not time_moves or views(one) == views(other), "other views"
    _same_figures(one, other)
    return len(said)


def _same_figures(one: Shard, other: Shard) -> None:
    found = differing(by_names(one), by_names(other))
    assert not found, "\n".join([f"as_of {one.as_of_ms}", *found])
