"""State in parts: what changed is written, equal states give equal bytes, and all comes back."""

from typing import Any

import numpy as np
import pytest

from stream.arrays import BLOCK_BITS
from stream.errors import StateError, UnreadableStateError
from stream.events.language import State
from stream.roster import NO_ROSTER, Roster
from stream.shard import Shard, ShardSnapshot
from stream.spec import Spec
from stream.windows.packing import pack, unpack
from stream.windows.snapshot import READS
from tests.windows.telling import T_MS, Event, call, heartbeat, push, state

BLOCK = 1 << BLOCK_BITS
SPEC = Spec(event_clock=True)
Parts = dict[str, bytes]


def kept(parts: Parts, snapshot: ShardSnapshot) -> Parts:
    """What a store holds after another snapshot."""
    both = {**parts, **snapshot.changed}
    return {name: both[name] for name in snapshot.names}


def restored(parts: Parts, shard: Shard, roster: Roster = NO_ROSTER) -> Shard:
    twin = Shard.restore(SPEC, roster, parts, shard.control_state())
    twin.resume()
    return twin


def day(seed: int, first_s: int = 0, seconds: int = 7_000) -> list[Event]:
    """A floor with calls, some out of order."""
    rng = np.random.default_rng(seed)
    events: list[Event] = []
    for at_s in np.sort(rng.integers(first_s, first_s + seconds, 300)).tolist():
        agent, late_s = f"a{rng.integers(0, 9)}", int(rng.integers(0, 200))
        name = State(int(rng.integers(0, len(State)))).name
        events.append(state(at_s - late_s, agent, name, team=f"t{rng.integers(0, 2)}"))
        phase = ("offered", "answered", "ended", "wrapped", "abandoned")[rng.integers(0, 5)]
        events.append(call(at_s, phase, agent, call=f"c{at_s // 200}"))
        events.append({"type": "queue", "ts": T_MS + at_s * 1_000, "waiting": at_s % 4})
    return events


def shard_after(events: list[Event], as_of_s: int = 7_000) -> Shard:
    shard = Shard(SPEC)
    push(shard, events)
    shard.step(T_MS + as_of_s * 1_000)
    return shard


def figures_of(shard: Shard) -> list[Any]:
    shard.step(T_MS + 9_000_000)
    figures = shard.figures()
    teams, pools = (
        [np.asarray(getattr(part, name)).tolist() for name in part.__slots__ if name != "keys"]
        for part in (figures.teams, figures.pools)
    )
    return [figures.teams.keys, figures.pools.keys, repr(teams), repr(pools), figures.sources]


def test_equal_states_give_equal_bytes() -> None:
    one, other = shard_after(day(1)), shard_after(day(1))
    assert one.snapshot() == other.snapshot()
    assert one.control_state() == other.control_state()


def test_a_restored_shard_has_the_same_figures_and_the_same_bytes() -> None:
    shard = shard_after(day(2))
    snapshot = shard.snapshot()
    twin = restored(snapshot.changed, shard)
    assert twin.snapshot().changed.items() <= snapshot.changed.items()
    assert figures_of(twin) == figures_of(shard)


def test_a_restored_shard_goes_on_as_the_one_that_never_stopped() -> None:
    shard = shard_after(day(3))
    twin = restored(shard.snapshot().changed, shard)
    later = [*day(4, 7_000, 1_500), heartbeat(8_900)]
    assert push(shard, later) == push(twin, later)
    assert figures_of(twin) == figures_of(shard)
    assert twin.counts == shard.counts


def test_the_second_snapshot_holds_only_the_blocks_that_changed() -> None:
    shard = shard_after([state(0, f"a{at}", "available") for at in range(2 * BLOCK + 1)], 10)
    assert {"agents/0", "agents/1", "agents/2", "seats/0", "seats/1", "seats/2", "names"} <= set(
        shard.snapshot().changed
    )
    always = {"head", "calls", "tallies", "shard"}
    assert set(shard.snapshot().changed) == always
    push(shard, [state(20, f"a{BLOCK}", "aux")])
    changed = shard.snapshot()
    assert set(changed.changed) == always | {"agents/1", "seats/1"}
    assert "agents/2" in changed.names
    push(shard, [state(20, "new", "aux")])
    assert set(shard.snapshot().changed) == always | {"names", "agents/2", "seats/2"}


def test_after_a_restore_too_only_what_changed_since_is_written() -> None:
    shard = shard_after([state(0, f"a{at}", "available") for at in range(BLOCK + 1)], 10)
    twin = restored(shard.snapshot().changed, shard)
    push(twin, [state(20, "a0", "aux")])
    blocks = {name for name in twin.snapshot().changed if "/" in name}
    assert blocks == {"agents/0", "seats/0"}


def test_parts_of_several_snapshots_together_are_the_whole_state() -> None:
    shard, parts = Shard(SPEC), Parts()
    for hour in range(5):
        push(shard, day(hour, hour * 1_700, 1_700))
        shard.step(T_MS + (hour + 1) * 1_700_000)
        parts = kept(parts, shard.snapshot())
    assert figures_of(restored(parts, shard)) == figures_of(shard)


def test_a_name_from_a_refused_event_alone_can_be_restored() -> None:
    shard = shard_after([heartbeat(10_000)], 10_000)
    assert push(shard, [state(0, "ann", "aux")]) != []
    twin = restored(shard.snapshot().changed, shard)
    assert twin.figures().teams.keys == ()


@pytest.mark.parametrize("what", ["state", "call"])
def test_a_team_is_heard_after_a_restore_though_its_seat_was_named_long_before(what: str) -> None:
    shard = shard_after([heartbeat(10_000)], 10_000)
    push(shard, [state(0, "ann", "aux")])
    parts = kept({}, shard.snapshot())
    said = state(10_000, "ann", "aux") if what == "state" else call(10_000, "answered", "ann")
    assert push(shard, [said]) == []
    shard.step(T_MS + 10_060_000)
    twin = restored(kept(parts, shard.snapshot()), shard)
    assert twin.figures().teams.keys == shard.figures().teams.keys != ()


def test_a_shard_without_any_event_can_be_restored() -> None:
    shard = Shard(SPEC)
    twin = restored(shard.snapshot().changed, shard)
    assert (twin.as_of_ms, len(twin.names.floors)) == (shard.as_of_ms, 0)


def test_minutes_that_opened_since_a_block_was_written_come_back_empty() -> None:
    shard = shard_after([state(0, "ann", "talking"), state(30, "ann", "offline")], 60)
    parts = kept({}, shard.snapshot())
    push(shard, [heartbeat(128 * 60)])  # once around the ring of minutes
    shard.step(T_MS + 128 * 60_000)
    parts = kept(parts, shard.snapshot())
    twin = restored(parts, shard)
    (member,) = twin.members("main", "unassigned")
    assert member.state_ms[2, State.talking] == 0
    assert figures_of(twin) == figures_of(shard)


@pytest.mark.parametrize(
    "name", ["head", "names", "calls", "tallies", "agents/0", "seats/0", "shard"]
)
def test_a_missing_part_is_named(name: str) -> None:
    shard = shard_after(day(5))
    parts = dict(shard.snapshot().changed)
    del parts[name]
    with pytest.raises(UnreadableStateError, match=f"^its snapshot lacks the part '{name}'$"):
        Shard.restore(SPEC, NO_ROSTER, parts, None)


@pytest.mark.parametrize("where", ["head", "control"])
def test_an_unknown_format_is_refused_with_what_to_do(where: str) -> None:
    shard = shard_after(day(6))
    stored = {**shard.snapshot().changed, "control": shard.control_state()}
    stored[where] = pack({**unpack(stored[where]), "format": 99})
    known = ", ".join(map(str, sorted(READS)))
    with pytest.raises(StateError) as caught:
        Shard.restore(SPEC, NO_ROSTER, stored, stored["control"])
    known = ", ".join(str(number) for number in sorted(READS))
    assert str(caught.value) == (
        f"the stored state has another format than {known}: run the version that wrote it"
    )
    assert caught.value.exit_status == 1


def stored_as(parts: Parts, names: list[str]) -> Parts:
    """The parts as a version wrote them that has these states in this order."""
    order = [State[name] for name in names]
    number = np.full(len(State), 0)
    number[order] = np.arange(len(order))
    out = Parts()
    for part, data in parts.items():
        pieces = unpack(data)
        if part == "head":
            pieces["states"] = names
        for name in pieces.keys() & {"row_state", "last_state"}:
            pieces[name] = number[pieces[name]].astype(pieces[name].dtype)
        for name in pieces.keys() & {"minutes", "shifts", "hour_states", "hour_spells"}:
            pieces[name] = pieces[name][..., order]
        out[part] = pack(pieces)
    return out


@pytest.mark.parametrize(
    "names",
    [
        [one.name for one in reversed(State)],
        [one.name for one in State if one not in {State.dialing, State.meeting, State.offline}],
    ],
    ids=["other numbers", "fewer"],
)
def test_states_are_stored_by_name_so_another_numbering_or_fewer_of_them_are_read(
    names: list[str],
) -> None:
    events = [e for e in day(5) if e["type"] != "state" or e["state"] in names]
    shard = shard_after(events)
    parts = shard.snapshot().changed
    twin = restored(stored_as(parts, names), shard)
    assert twin.figures().teams.state_ms.any()
    written = twin.snapshot()
    assert {name for name in written.names if "/" in name} <= written.changed.keys()
    assert figures_of(restored(written.changed | {"names": parts["names"]}, shard)) == (
        figures_of(shard)
    )
    assert figures_of(twin) == figures_of(shard)


def test_state_that_was_stored_with_an_agent_state_that_is_not_known_is_refused() -> None:
    stored = dict(shard_after(day(6)).snapshot().changed)
    head = unpack(stored["head"])
    stored["head"] = pack({**head, "states": [*head["states"], "napping"]})
    with pytest.raises(
        StateError, match="does not know \\(napping\\): run the version that wrote it, or clear"
    ):
        Shard.restore(SPEC, NO_ROSTER, stored, None)


def test_rosters_that_change_between_restores_mix_up_no_pools() -> None:
    def pools() -> dict[str, list[int]]:
        figures = shard.figures().pools
        return {key.pool: figures.offered[row].tolist() for row, key in enumerate(figures.keys)}

    shard = shard_after([state(0, "ann", "aux", team="red"), call(0, "offered", pool="desk")], 60)
    parts = kept({}, shard.snapshot())
    for pool in ("sales", "care"):
        shard = restored(parts, shard, Roster(pools={"red": pool}))
        push(shard, [call(61, "offered", call=pool, pool=pool)])
        shard.step(T_MS + 120_000)
        parts = kept(parts, shard.snapshot())
    shard = restored(parts, shard)
    assert pools() == {"desk": [1] * 4, "sales": [1] * 4, "care": [1] * 4, "main": [0] * 4}
