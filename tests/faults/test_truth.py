"""The auditor's own computation, held against the naive reference and against the product."""

from pathlib import Path

import orjson
import pytest

from stream.config import load_settings
from stream.events.language import State
from stream.figures.model import WINDOWS
from stream.spec import Spec
from stream.units import MINUTE_MS
from tests.faults.log import Logged
from tests.faults.rules import RULES
from tests.faults.traffic import START_MS, Mix, Traffic
from tests.faults.truth import Truth
from tests.faults.undisturbed import Undisturbed
from tests.reference import truth as naive_truth
from tests.reference.ratios import ratio_of
from tests.reference.records import Record
from tests.reference.rules import Rules

SMALL = Mix(orderly=1, rough=1, teams=2, heads=4)


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    file = tmp_path / "floorwatch.toml"
    file.write_text(RULES)
    return load_settings(file, {}).spec


def test_it_says_of_teams_what_the_naive_reference_says(spec: Spec) -> None:
    truth, naive = Truth(spec), naive_truth.Truth(Rules(spec))
    traffic = Traffic(SMALL, partitions=1, seed=3)
    for minutes in (7, 16, 40):
        for _, value in traffic.take(START_MS + minutes * MINUTE_MS):
            truth.take(value, START_MS * 2)
            naive.push(Record((orjson.loads(value),), START_MS * 2))
        as_of_ms = truth.watermark_ms
        found, expected = truth.figures(as_of_ms), naive.figures(as_of_ms)
        assert {key[1:] for key in found if key[0] == "team"} == expected.heads.keys()
        for team, spans in expected.spans.items():
            fields = found["team", *team]
            assert [fields[f"agents:{s.name}"] for s in State] == expected.heads[team]
            for w, (name, (start, end)) in enumerate(zip(WINDOWS, spans, strict=True)):
                seats = [own[w] for (*where, _), own in expected.seats.items() if (*where,) == team]
                for state in State:
                    shown_ms = fields[f"seconds:{state.name}:{name}"] * 1_000
                    assert round(shown_ms) == sum(seat[state] for seat in seats)
                calls = expected.calls[team][w]
                assert fields[f"handled:{name}"] == calls.handled
                assert round(fields[f"acw_s:{name}"] * 1_000) == calls.acw_ms
                for ratio in spec.ratios:
                    figures = ratio_of(ratio, seats, end - start)
                    assert fields.get(f"{ratio.name}:{name}") == pytest.approx(figures.ratio)
                    assert fields.get(f"{ratio.name}_cv:{name}") == pytest.approx(figures.cv)
        for pool, counts in expected.pools.items():
            fields = found["pool", *pool]
            for name, count in zip(WINDOWS, counts, strict=True):
                assert fields[f"offered:{name}"] == count.offered
                assert fields.get(f"service_level:{name}") == pytest.approx(count.service_level)


def test_what_was_put_in_to_be_refused_is_refused(spec: Spec) -> None:
    truth = Truth(spec)
    for poison in (None, b"", b"{", b"17", b'{"type":"state","state":"dancing","agent":"a"}'):
        truth.take(poison, START_MS)
    assert truth.refused == 5
    assert truth.figures(START_MS) == {}


def test_the_product_without_faults_shows_what_the_truth_says(spec: Spec) -> None:
    """So a difference that an audit finds later is due to a fault."""
    from tests.faults.audit import differences_of

    undisturbed = Undisturbed(spec, "t", partitions=2)
    traffic = Traffic(Mix(orderly=4, rough=2), partitions=2, seed=5)
    offset = 0
    for minutes in (9, 31):
        records = []
        for partition, value in traffic.take(START_MS + minutes * MINUTE_MS):
            records.append(Logged(partition, offset, START_MS * 2, None, value, {}))
            offset += 1
        undisturbed.take(records)
        assert differences_of(undisturbed.views(), undisturbed.truth()) == []
    assert undisturbed.dead_letters
    assert undisturbed.steps


def pushed(undisturbed: Undisturbed, traffic: Traffic, minutes: int, offset: int = 0) -> int:
    """Take in all until so many minutes after the start; the next offset."""
    records = []
    for partition, value in traffic.take(START_MS + minutes * MINUTE_MS):
        records.append(Logged(partition, offset, START_MS * 2, None, value, {}))
        offset += 1
    undisturbed.take(records)
    return offset


def test_of_a_log_that_was_made_again_the_new_records_alone_count(spec: Spec) -> None:
    """What was decided and archived before stays, and its alerts end as no longer known."""
    whole, traffic = Undisturbed(spec, "t", partitions=1), Traffic(Mix(orderly=4), 1, seed=5)
    new, same = Undisturbed(spec, "t", partitions=1), Traffic(Mix(orderly=4), 1, seed=5)
    pushed(whole, traffic, 120)
    before, hours = set(whole.steps), dict(whole.hours)
    assert hours
    list(same.take(START_MS + 120 * MINUTE_MS))

    whole.restart([0], abandons=True)
    ends = whole.steps - before
    assert {orjson.loads(step.body)["to"] for step in ends} == {"insufficient_data"}
    pushed(whole, traffic, 160)
    pushed(new, same, 160)

    assert whole.views() == new.views()
    assert whole.truth() == new.truth()
    assert whole.steps == before | ends | new.steps
    assert whole.hours == new.hours | hours
    whole.forget_archive()
    assert whole.hours == new.hours


def test_a_step_that_two_logs_decided_must_be_there_in_both_ways() -> None:
    from tests.faults.audit import documents_unlike

    one, other, third = (orjson.dumps({"at": at}) for at in "123")
    assert documents_unlike({one, other}, {one, other}) == []
    assert documents_unlike({one, other}, {one}) == [f"{other.decode()} is missing"]
    assert documents_unlike({one, other}, {one, third}) == ["at is '3' instead of '2'"]
