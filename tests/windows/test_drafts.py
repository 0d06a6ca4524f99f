"""Names and their limits, against a twin that takes one event after the other with sets."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from stream.events.decode import decode_objects
from stream.events.language import Reason
from stream.events.names import Names
from stream.roster import NO_ROSTER, parse_roster
from stream.shard import Shard
from stream.spec import NameLimits, Spec
from tests.reference.admission import Admission
from tests.reference.by_names import by_names, differing
from tests.reference.records import Event, Record, floor_of, source_of
from tests.reference.rules import Rules

T_MS = 1_772_447_040_000
ROSTER = parse_roster("agent,team,pool\na1,red,sales\na2,red,sales\na3,blue,care\n", "r.csv")
TIGHT = NameLimits(floors=2, sources=3, pools=4, teams=4, agents=6)
ROOMY = NameLimits()
"""Most batches keep their names where decoding has put them."""
KINDS = ("floors", "sources", "pools", "teams", "seats")
Verdicts = list[tuple[int, str]]
"""Place, and reason; of an event over a limit also the limit."""


class Twin:
    """Which events are rejected or late, and the names that the others have given."""

    def __init__(self, spec: Spec) -> None:
        self.admission = Admission(Rules(spec))
        self.limits = spec.limits
        self.names: dict[str, set[Any]] = {kind: set() for kind in KINDS}

    def verdict(self, event: Event) -> str | None:
        named = self._names_of(event)
        for kind, limit in zip(KINDS, vars_of(self.limits), strict=True):
            new = named[kind] - self.names[kind]
            if new and len(self.names[kind] | new) > limit:
                return f"{Reason.over_limit} {'agents' if kind == 'seats' else kind}"
        before = len(self.admission.refused)
        self.admission.push(Record((event,)))
        late = [str(one.reason) for one in self.admission.refused[before:]]
        for kind in ("floors", "sources") if late else KINDS:
            self.names[kind] |= named[kind]
        return late[0] if late else None

    def _names_of(self, event: Event) -> dict[str, set[Any]]:
        floor, kind = floor_of(event), event["type"]
        named: dict[str, set[Any]] = {name: set() for name in KINDS}
        named["floors"], named["sources"] = {floor}, {(floor, source_of(event))}
        if kind in ("call", "queue"):
            named["pools"] = {(floor, event.get("pool", "main"))}
        if agent := event.get("agent"):
            team = event.get("team") or ROSTER.team_at(agent, event["ts"])
            named["seats"], named["teams"] = {(floor, agent, team)}, {(floor, team)}
            named["pools"].add((floor, ROSTER.pool_of(team)))
        return named


def vars_of(limits: NameLimits) -> list[int]:
    return [limits.floors, limits.sources, limits.pools, limits.teams, limits.agents]


def drawn(rng: Random, count: int) -> list[dict[str, Any]]:
    """Events of few names; some are late, and some only their names tell apart."""
    events = []
    for number in range(count):
        floor = rng.choice(("main", "main", "main", "south", "north"))
        event: dict[str, Any] = {
            "ts": T_MS + number * 20_000 - rng.choice((0, 0, 0, 1_000, 700_000)),
            "floor": floor,
            "source": rng.choice(("pbx", "pbx", "acd", "crm")),
        }
        agent = {"agent": f"a{rng.randrange(9)}"}
        if rng.random() < 0.3:
            agent["team"] = rng.choice(("red", "green", "grey"))
        pool = {"pool": rng.choice(("sales", "care", "desk", "main"))}
        event |= rng.choice((
            {"type": "state", "state": rng.choice(("talking", "aux", "available")), **agent},
            {"type": "call", "call": f"c{rng.randrange(5)}", "phase": "offered", **pool},
            {"type": "call", "call": f"c{rng.randrange(5)}", "phase": "answered", **pool, **agent},
            {"type": "queue", "waiting": 1, **pool},
            {"type": "heartbeat"},
        ))  # fmt: skip
        events.append(event)
    return events


def pushed(shard: Shard, events: Sequence[Event], first: int = 0) -> Verdicts:
    """Push the events as one batch; what was rejected or late, by the event's place."""
    late = shard.push(decode_objects(events, None, shard.names).batch)
    found = [(first + one.record, str(one.reason)) for one in late]
    over = [(one.record, one.detail.split(":")[0]) for one in shard.take_rejected()]
    assert [record for record, _ in over] == sorted(record for record, _ in over)
    found += [(first + record, f"{Reason.over_limit} {limit}") for record, limit in over]
    return sorted(found)


def restored(shard: Shard, parts: dict[str, bytes], spec: Spec) -> Shard:
    parts |= shard.snapshot().changed
    again = Shard.restore(spec, ROSTER, parts, shard.control_state())
    again.resume()
    return again


def held(shard: Shard) -> dict[str, set[Any]]:
    return {kind: set(getattr(shard.names, kind).keys) for kind in KINDS}


@pytest.mark.parametrize("limits", [TIGHT, ROOMY], ids=["tight", "roomy"])
@pytest.mark.parametrize("seed", range(20))
def test_names_and_rejections_are_those_of_the_twin_in_any_batches_and_after_a_restore(
    seed: int, limits: NameLimits
) -> None:
    rng = Random(seed)
    cuts, restores = rng.sample(range(1, 60), seed % 9), rng.random() < 0.5
    spec = Spec(event_clock=True, limits=limits)
    events = drawn(rng, 60)
    twin, shard, parts = Twin(spec), Shard(spec, ROSTER), dict[str, bytes]()
    alone = Shard(spec, ROSTER)
    verdicts = [(place, twin.verdict(event)) for place, event in enumerate(events)]
    expected = [(place, why) for place, why in verdicts if why]
    found, first = Verdicts(), 0
    for end in [*sorted(cuts), 60]:
        found += pushed(shard, events[first:end], first)
        shard.step(shard.watermark_ms)
        first = end
        if restores:
            shard = restored(shard, parts, spec)
    assert found == expected
    for place, event in enumerate(events):
        assert pushed(alone, [event], place) == [one for one in expected if one[0] == place]
        alone.step(alone.watermark_ms)
    assert held(shard) == held(alone) == twin.names
    assert differing(by_names(alone), by_names(shard)) == []


def test_rejected_and_late_events_leave_no_names_behind() -> None:
    shard = Shard(Spec(event_clock=True))
    here = {"type": "state", "ts": T_MS, "agent": "ann", "state": "talking"}
    assert pushed(shard, [here]) == []
    before = shard.names.sizes()
    late = {**here, "ts": T_MS - 600_000, "agent": "bob", "team": "blue"}
    assert pushed(shard, [late, {**late, "agent": "cleo"}, here])[0][1] == Reason.late_grace
    ahead = {**here, "ts": T_MS + 60_000, "floor": "south", "agent": "dora"}
    found = decode_objects(
        [ahead, {**here, "agent": "eve", "state": "odd"}], [T_MS] * 2, shard.names
    )
    assert [one.reason for one in found.rejected] == [Reason.ahead, Reason.unknown_enum]
    shard.push(found.batch)
    assert shard.names.sizes() == before


def test_a_name_that_comes_without_a_batch_stays() -> None:
    shard = Shard(Spec(event_clock=True))
    here = {"type": "state", "ts": T_MS, "agent": "ann", "state": "talking"}
    for event in (here, here):
        assert pushed(shard, [event]) == []
    shard.names.seat("main", "bob", "red", 0)
    assert pushed(shard, [{**here, "agent": "cleo"}]) == []
    assert [agent for _, agent in shard.names.agents.keys] == ["ann", "bob", "cleo"]


@pytest.mark.parametrize(
    ("limits", "more"),
    [
        (NameLimits(agents=2), {"agent": "new"}),
        (NameLimits(agents=2), {"team": "blue"}),
        (NameLimits(teams=1), {"team": "blue"}),
        (NameLimits(sources=1), {"source": "acd"}),
        (NameLimits(floors=1), {"floor": "south"}),
        (NameLimits(pools=1), {"type": "queue", "pool": "desk", "waiting": 1, "agent": None}),
    ],
)
def test_the_first_event_beyond_a_limit_is_rejected_and_what_is_known_goes_on(
    limits: NameLimits, more: dict[str, Any]
) -> None:
    shard = Shard(Spec(event_clock=True, limits=limits), NO_ROSTER)
    here = {"type": "state", "ts": T_MS, "agent": "ann", "state": "talking"}
    events = [here, {**here, "agent": "bob"}, {**here, **more}, {**here, "ts": T_MS + 1_000}]
    decoded = decode_objects(events, None, shard.names)
    assert shard.push(decoded.batch) == []
    (only,) = shard.take_rejected()
    assert (only.record, only.reason) == (2, Reason.over_limit)
    assert "[limits]" in only.detail
    assert shard.counts == {"accepted": 3, "over_limit": 1}
    assert shard.take_rejected() == []


def test_a_flood_of_names_fills_a_shard_to_its_limit_and_no_further() -> None:
    shard = Shard(Spec(event_clock=True, limits=NameLimits(agents=100)))
    flood = [
        {"type": "state", "ts": T_MS, "agent": f"a{number}", "state": "aux"}
        for number in range(1_000)
    ]
    assert len(pushed(shard, flood)) == 900
    assert len(pushed(shard, flood)) == 900
    assert len(shard.names.agents) == 100


def test_a_name_that_an_earlier_version_stored_is_rejected_beside_any_event() -> None:
    shard = Shard(Spec(event_clock=True))
    here = {"type": "state", "ts": T_MS, "agent": "ann", "state": "talking"}
    assert pushed(shard, [here]) == []
    old = shard.names.to_lists()
    old["agents"].append(["main", "b\u202eob"])
    old["seats"].append(["main", "b\u202eob", "unassigned"])
    for beside in (here, {**here, "agent": "☎"}, {**here, "state": "odd"}):
        names = Names()
        names.fill(old)
        found = decode_objects([{**here, "agent": "b\u202eob"}, beside], None, names)
        assert found.rejected[0].reason == Reason.bad_id
        assert len(names.agents) == 2 + (beside["agent"] == "☎")


LATE_MS = 600_000


@pytest.mark.parametrize("first", ["on time", "moves time on"])
def test_a_flood_of_late_events_with_new_names_is_applied_in_few_pieces(
    first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes the last room, were it not late."""
    shard, pieces = Shard(Spec(event_clock=True, limits=TIGHT)), 0
    here = {"type": "state", "ts": T_MS, "agent": "ann", "team": "red", "state": "talking"}
    crowd = [{**here, "agent": f"crew-{number}"} for number in range(TIGHT.agents - 2)]
    assert pushed(shard, [here, *crowd]) == []
    later_ms = T_MS if first == "on time" else T_MS + 2 * LATE_MS
    flood = [{**here, "ts": later_ms, "agent": "bob"}]
    flood += [{**here, "ts": later_ms - LATE_MS, "agent": f"x{n}"} for n in range(500)]
    if first == "on time":
        flood = flood[1:]
    apply = shard._admission._apply_piece

    def counted(*arguments: Any) -> Any:
        nonlocal pieces
        pieces += 1
        return apply(*arguments)

    monkeypatch.setattr(shard._admission, "_apply_piece", counted)
    found = pushed(shard, flood)
    assert pieces <= 2
    expected = str(Reason.late_grace) if first == "on time" else f"{Reason.over_limit} agents"
    assert {reason for _, reason in found} == {expected}
    assert len(found) == 500


def test_late_events_take_no_room_from_those_that_follow() -> None:
    shard = Shard(Spec(event_clock=True, limits=TIGHT))
    here = {"type": "state", "ts": T_MS, "agent": "ann", "team": "red", "state": "talking"}
    late = [{**here, "ts": T_MS - LATE_MS, "agent": f"x{n}"} for n in range(20)]
    more = [{**here, "agent": f"b{n}"} for n in range(6)]
    found = pushed(shard, [here, *late, *more])
    assert found[:20] == [(place, str(Reason.late_grace)) for place in range(1, 21)]
    assert found[20:] == [(26, f"{Reason.over_limit} agents")]


def test_an_event_that_a_crowded_timeline_does_not_hold_leaves_no_names_behind() -> None:
    shard = Shard(Spec(event_clock=True))
    here = {"type": "state", "agent": "ann", "team": "red", "state": "talking"}
    states = ("talking", "aux")
    crowd = [{**here, "ts": T_MS + 10 * n, "state": states[n % 2]} for n in range(1, 9_000)]
    assert pushed(shard, crowd) == []
    before = shard.names.sizes()
    old = {**here, "ts": T_MS, "team": "another"}
    fresh = {**here, "ts": T_MS, "agent": "bob", "team": "red"}
    assert pushed(shard, [old, fresh]) == [(0, str(Reason.late_finalised))]
    assert shard.names.sizes() == {
        **before, "agents": before["agents"] + 1, "seats": before["seats"] + 1,
    }  # fmt: skip
    assert shard.counts["late_finalised"] == 1
