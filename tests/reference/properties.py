"""The promises of the shard, as checks of one history each; `assert` tells which is broken."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from stream.shard import Shard, ShardSnapshot
from stream.units import SECOND_MS
from tests.reference.figures import Reference
from tests.reference.history import History
from tests.reference.lateness import Event, floor_of, instant, source_of
from tests.reference.run import (
    against,
    archived,
    by_names,
    differing,
    expected,
    hours_against,
    new_shard,
    now_of,
    push,
    transitions_by_names,
)
from tests.reference.truth.admission import Admission
from tests.reference.truth.records import Record
from tests.reference.truth.rules import Rules

CLOSED_WINDOWS: Final = 3
"""5m, 15m and 60m: windows that all teams of a floor share."""


def _admission(history: History, order: Iterable[int]) -> Admission:
    """What decides which events count, after these ones one by one, and nothing to come."""
    admission = Admission(Rules(history.spec))
    for place in order:
        admission.push(Record((history.events[place],), history.times_ms[place]))
    admission.finish()
    return admission


def check_equals_reference(history: History) -> None:
    """Late events and all figures are those of the naive reference, to the millisecond.

    Histories with jumps ahead are left to `tests.reference.truth`.
    """
    if _admission(history, range(len(history.events))).jumps:
        return
    shard, reference = new_shard(history), Reference(history.spec, history.roster)
    for first, last in pairwise([0, *history.cuts()]):
        lates = [late for n in range(first, last) for late in push(shard, history, n, n + 1)]
        assert lates == expected(history, reference, first, last), "other late events"
        found = hours_against(reference.hours, shard.take_sealed())
        assert not found, "other hours\n" + "\n".join(found)
        reference.hours.clear()
        _compare(reference, shard, now_of(history, shard, last))
    assert shard.watermark_ms == reference.watermark()
    for look in history.looks:
        _compare(reference, shard, look)


def _compare(reference: Reference, shard: Shard, as_of: int) -> None:
    shard.step(as_of)
    found = against(reference.figures(as_of), shard)
    assert not found, f"as_of {as_of}\n" + "\n".join(found)


def check_accounts(history: History) -> None:
    """In each window an agent's states add up to its length, over all his teams."""
    shard = new_shard(history)
    for first, last in pairwise([0, *history.cuts()]):
        push(shard, history, first, last)
        shard.step(now_of(history, shard, last))
        _accounts(shard)
    for look in history.looks:
        shard.step(look)
        _accounts(shard)


def _accounts(shard: Shard) -> None:
    """Of all teams, also those that are no longer shown: somebody may have been offline there."""
    shown, tables = shard.figures().teams, shard.all_members()
    for floor in {key.floor for key in shown.keys}:
        lengths = shown.window_ms[[key.floor == floor for key in shown.keys]]
        keys = {key for key in tables if key.floor == floor}
        alike = keys <= set(shown.keys) and (lengths == lengths[0]).all()
        shared = 4 if alike else CLOSED_WINDOWS
        sums: dict[str, Any] = {}
        for member in (one for key in keys for one in tables[key]):
            sums[member.agent] = sums.get(member.agent, 0) + member.state_ms.sum(axis=1)
        for agent, spent in sums.items():
            found, wanted = spent[:shared].tolist(), lengths[0, :shared].tolist()
            assert found in (wanted, [0] * shared), f"{floor}/{agent}: {found} of {wanted}"


def check_converges(history: History) -> None:
    """Another admissible order, with repetitions, gives the same figures, bit by bit."""
    plain, mixed = admissible_orders(history)
    if not plain:
        return
    one, other = (_fed(history, order, steps) for order, steps in ((plain, False), (mixed, True)))
    for look in history.looks:
        one.step(look)
        other.step(look)
        found = differing(by_names(one), by_names(other))
        assert not found, "\n".join([f"as_of {look}", *map(str, mixed), *found])


def admissible_orders(history: History) -> tuple[list[int], list[int]]:
    """Places of events in two orders, the second with repetitions; in neither is any refused."""
    random = history.random("order")
    plain = list(range(len(history.events)))
    keyed = [(place + random.randrange(12), place) for place in plain]
    keyed += [(place + random.randrange(12), place) for place in plain if random.random() < 0.3]
    mixed = [place for _, place in sorted(keyed)]
    while True:
        refused = _refused(history, plain) | _refused(history, mixed)
        if not refused:
            return plain, mixed
        plain = [place for place in plain if place not in refused]
        mixed = [place for place in mixed if place not in refused]


def _refused(history: History, order: Sequence[int]) -> set[int]:
    """The events that are refused, or never confirmed, when they arrive in this order."""
    return {order[one.place[0]] for one in _admission(history, order).refused}


def _fed(history: History, order: Sequence[int], steps: bool) -> Shard:
    """A shard that got these events one by one, and at last a sign of life of every source.

    The watermark that a source is given at first sight depends on the others at that moment;
    the sign of life makes the watermarks equal again, and with them what is silent.
    """
    events = [history.events[place] for place in order]
    times = [history.times_ms[place] for place in order]
    end = max(history.looks[0], *times)
    known: dict[tuple[str, str], Event] = {}
    for event in sorted(events, key=instant):
        floor, source = floor_of(event), source_of(event)
        known[floor, source] = {"type": "heartbeat", "ts": end, "floor": floor, "source": source}
    told = replace(
        history,
        events=(*events, *known.values()),
        times_ms=(*times, *(end for _ in known)),
        records=(1,) * (len(events) + len(known)),
    )
    shard = new_shard(told)
    width = 3 if steps else 5
    for first in range(0, len(told.records), width):
        last = min(first + width, len(told.records))
        assert not push(shard, told, first, last), "an admissible event was late"
        if steps:
            shard.step(shard.watermark_ms)
    return shard


def check_batches(history: History) -> None:
    """One by one or in any batches: the same late events and figures."""
    single, batched = new_shard(history), new_shard(history)
    for first, last in pairwise([0, *history.cuts()]):
        lates = [late for n in range(first, last) for late in push(single, history, n, n + 1)]
        assert push(batched, history, first, last) == lates, "other late events"
        assert archived(batched) == archived(single), "other hours"
    for look in history.looks:
        single.step(look)
        batched.step(look)
        found = differing(by_names(single), by_names(batched))
        assert not found, f"as_of {look}\n" + "\n".join(found)


def check_transitions_of_batches(history: History) -> int:
    """In order, control says the same whether it looks at each instant or now and then."""
    every = attentive(history)
    seldom = stepped(history, history.cuts())
    _same_transitions(every[0], seldom[0])
    assert every[1] == seldom[1], "other views"
    return len(every[0])


def _same_transitions(one: list[Any], other: list[Any]) -> None:
    only = [f"only the first: {each}" for each in one if each not in other]
    only += [f"only the second: {each}" for each in other if each not in one]
    assert one == other, "\n".join(only or ["another order", *map(str, one), *map(str, other)])


Said = tuple[list[tuple[Any, ...]], list[str]]
"""All transitions, and how the detectors stand at the end."""


def stepped(history: History, stops: Sequence[int]) -> Said:
    """What control says if it looks at these numbers of records, and at the end."""
    shard = new_shard(history)
    out = []
    for first, last in pairwise([0, *stops]):
        push(shard, history, first, last)
        out += shard.step(shard.watermark_ms)
    out += shard.step(history.looks[-1])
    return transitions_by_names(out), _views(shard)


def attentive(history: History) -> Said:
    """The same if it looks after each event, before the next, and at every deadline."""
    shard = new_shard(history)
    out = []
    for place, until in enumerate([*map(instant, history.events), history.looks[-1]]):
        while (due := shard.next_deadline()) < until:
            out += shard.step(due + 1)
        out += shard.step(until)
        if place < len(history.records):
            push(shard, history, place, place + 1)
    return transitions_by_names(out), _views(shard)


def _views(shard: Shard) -> list[str]:
    return [repr(view) for view in shard.control.views()]


def check_slow_twin(history: History) -> int:
    """A step every second finds what steps at events and deadlines find, at the same instants."""
    slow = new_shard(history)
    out = []
    now = instant(history.events[0])
    for place, until in enumerate([*map(instant, history.events), history.looks[-1]]):
        for tick in range(now, until, SECOND_MS):
            out += slow.step(tick)
        now = max(now, until)
        if place < len(history.records):
            push(slow, history, place, place + 1)
    out += slow.step(now)
    fast = attentive(history)
    _same_transitions(fast[0], transitions_by_names(out))
    assert fast[1] == _views(slow), "other views"
    return len(out)


def check_restores(history: History, *, behind: bool = False) -> int:
    """A shard restored from several snapshots goes on as the one that never stopped.

    behind: time is what the events have reached, whatever Kafka's time stamps say.
    """
    *stops, end = history.cuts()
    commit = stops[-1] if stops else end
    shard, parts, kept_at = new_shard(history), dict[str, bytes](), 0
    for first, last in pairwise([0, *stops]):
        push(shard, history, first, last)
        now = shard.watermark_ms if behind else now_of(history, shard, last)
        if history.random(f"kept {last}").random() < 0.5:
            shard.step(now)  # else what was pushed is kept unjudged
        if last < commit or len(stops) == 1:
            parts, kept_at = merged(parts, shard.snapshot()), last
        shard.step(now)
    if not parts:
        return 0
    twin = Shard.restore(history.spec, shard.names.roster, parts, shard.control_state())
    push(twin, history, kept_at, commit)
    twin.resume()
    shard.take_sealed()
    twin.take_sealed()
    lates = push(shard, history, commit, end)
    assert push(twin, history, commit, end) == lates, "other late events"
    assert archived(shard) == archived(twin), "other hours"
    looks = (shard.watermark_ms if behind else now_of(history, shard, end), *history.looks)
    return sum(_step_alike(shard, twin, look) for look in looks)


def check_restores_behind(history: History) -> int:
    """The same by the clock of the events, as in a worker that works off a backlog."""
    return check_restores(history, behind=True)


def _step_alike(shard: Shard, twin: Shard, as_of_ms: int) -> int:
    time_moves = as_of_ms > shard.as_of_ms
    said = transitions_by_names(shard.step(as_of_ms))
    _same_transitions(said, transitions_by_names(twin.step(as_of_ms)))
    # Until time moves control shows the teams that it knew when it judged last.
    assert not time_moves or _views(shard) == _views(twin), "other views"
    found = differing(by_names(shard), by_names(twin))
    assert not found, "\n".join([f"as_of {as_of_ms}", *found])
    return len(said)


def merged(parts: Mapping[str, bytes], snapshot: ShardSnapshot) -> dict[str, bytes]:
    """What the store holds after another snapshot: parts by name, vanished ones dropped."""
    both = {**parts, **snapshot.changed}
    return {name: both[name] for name in snapshot.names}
