"""Where no rule has changed, the new reference says what the one says that the engine follows."""

from dataclasses import replace

import pytest

from stream.spec import SourceSpec
from tests.reference.figures import Reference
from tests.reference.histories import history_of
from tests.reference.truth.records import Record
from tests.reference.truth.rules import DAY, NEVER, Member, Rules
from tests.reference.truth.truth import Truth


@pytest.mark.parametrize("seed", [f"old {number}" for number in range(25)])
def test_states_without_limits_gaps_and_jumps_count_as_before(seed: str) -> None:
    history = history_of(seed)
    log = SourceSpec(heartbeat_ms=None, silence_ms=None)
    spec = replace(history.spec, sources=(log,))
    roster = tuple(
        Member(
            one.agent,
            one.team,
            one.pool,
            -NEVER if one.start_ms is None else one.start_ms,
            NEVER if one.end_ms is None else one.end_ms,
        )
        for one in history.roster
    )
    before, now = Reference(spec, history.roster), Truth(Rules(spec, roster))
    look, retired = history.looks[-1], False
    for event, stamp in zip(history.events, history.times_ms, strict=True):
        if event["type"] in ("state", "heartbeat"):
            found = now.push(Record((event,), stamp, appended=True))
            assert [one.reason for one in found] == [
                reason for reason in [before.push(event, stamp)] if reason
            ]
        floors = now.admission.floors.values()
        retired |= any(floor.retired(one) for floor in floors for one in floor.sources.values())
        if retired:
            return  # from here on the rules differ
    if any(look - one.last > DAY for one in now.sightings.of.values()):
        return
    wanted, figures = before.figures(look), now.figures(look)
    assert (figures.seats, figures.heads) == (wanted.seats, wanted.heads)
    hours = [(one.start, {key: seat[:2] for key, seat in one.seats.items()}) for one in now.hours]
    assert hours == [
        (one.start, {key: seat[:2] for key, seat in one.seats.items()}) for one in before.hours
    ]
