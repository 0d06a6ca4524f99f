"""Feeds that go wrong, in one process: it happens as it is meant to, and the truth knows it."""

from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Final, cast

import pytest

from stream.config import load_settings
from stream.units import MINUTE_MS
from tests.faults import feed_faults
from tests.faults.all_faults import FAULTS
from tests.faults.audit import differences_of
from tests.faults.feed import Event, Feed
from tests.faults.log import Logged
from tests.faults.rig import Rig
from tests.faults.rules import RULES
from tests.faults.traffic import START_MS, Mix, Traffic
from tests.faults.undisturbed import Undisturbed

NAMES: Final = [name for name in FAULTS if name.startswith("source-")]


class Desk:
    """A rig without programs: what it sends is taken in at once."""

    def __init__(self, undisturbed: Undisturbed, seed: int) -> None:
        self.pump = self
        self.traffic = Traffic(Mix(orderly=1, rough=0, teams=1, heads=4), 1, seed)
        self.undisturbed = undisturbed
        self._offset = 0

    def jump(self, duration_ms: int) -> None:
        self._take(self.traffic.take(self.traffic.until_ms + duration_ms))

    def feed(self, act: Callable[[Feed], Iterable[Event] | None]) -> None:
        self._take(map(self.traffic.record, act(self.traffic.feed) or ()))

    def struck(self) -> None:
        pass

    def _take(self, records: Iterable[tuple[int, bytes]]) -> None:
        logged = [
            Logged(partition, offset, 2 * START_MS, None, value, {})
            for offset, (partition, value) in enumerate(records, self._offset)
        ]
        self._offset += len(logged)
        self.undisturbed.take(logged)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Desk]:
    monkeypatch.setattr(feed_faults, "SLICE_S", 0.0)
    file = tmp_path / "floorwatch.toml"
    file.write_text(RULES)
    spec = load_settings(file, {}).spec
    return lambda seed: Desk(Undisturbed(spec, "t", partitions=1), seed)


def team_b(desk: Desk) -> dict[str, float]:
    """What must be shown of the team whose feed goes wrong."""
    return desk.undisturbed.truth()["team", "floor-two", "team-b"]


@pytest.mark.parametrize("name", NAMES)
def test_the_product_shows_what_the_truth_says_of_a_feed_that_goes_wrong(
    desk: Callable[[int], Desk], name: str
) -> None:
    made, rng = desk(2), Random(2)
    made.jump(10 * MINUTE_MS)
    for step in (name, rng.choice(NAMES)):
        FAULTS[step](cast("Rig", made), rng)
        found = made.undisturbed.views(), made.undisturbed.truth()
        assert differences_of(*found) == []
        made.jump(3 * MINUTE_MS)
    assert differences_of(made.undisturbed.views(), made.undisturbed.truth()) == []


def struck(made: Desk, name: str) -> Desk:
    """One on which ten good minutes have passed, and then this fault."""
    made.jump(10 * MINUTE_MS)
    FAULTS[name](cast("Rig", made), Random(1))
    return made


@pytest.mark.parametrize("name", ["source-silent-15-minutes", "source-buffered-15-minutes"])
def test_of_a_feed_that_kept_its_events_nothing_is_missing(
    desk: Callable[[int], Desk], name: str
) -> None:
    made = struck(desk(1), name)
    assert team_b(made)["seconds:unknown:15m"] == 0
    assert not made.undisturbed.dead_letters


def test_what_a_feed_has_lost_is_unknown(desk: Callable[[int], Desk]) -> None:
    made = struck(desk(1), "source-lost-15-minutes")
    assert team_b(made)["seconds:unknown:15m"] == pytest.approx(4 * 15 * 60, rel=0.1)
    assert not made.undisturbed.dead_letters


def test_whom_a_snapshot_does_not_name_is_gone(desk: Callable[[int], Desk]) -> None:
    made = struck(desk(1), "source-lost-then-snapshot")
    made.jump(1)
    assert team_b(made)["agents:offline"] == 1


@pytest.mark.parametrize("name", ["source-clock-far-ahead", "source-clock-hours-ahead"])
def test_what_a_clock_ahead_says_is_refused(desk: Callable[[int], Desk], name: str) -> None:
    made = struck(desk(1), name)
    assert len(made.undisturbed.dead_letters) > 50
    assert team_b(made)["seconds:unknown:15m"] == pytest.approx(4 * 6 * 60, rel=0.1)


def test_what_a_clock_set_back_beyond_the_grace_says_is_late(
    desk: Callable[[int], Desk],
) -> None:
    made, back_ms = desk(1), 20 * MINUTE_MS
    made.jump(10 * MINUTE_MS)
    feed_faults.wrong_clock(cast("Rig", made), -back_ms)
    assert len(made.undisturbed.dead_letters) > 50
    assert team_b(made)["seconds:unknown:15m"] == pytest.approx(4 * 6 * 60, rel=0.1)


def test_what_a_clock_set_back_within_the_grace_says_counts(desk: Callable[[int], Desk]) -> None:
    made, back_ms = desk(1), 3 * MINUTE_MS
    made.jump(10 * MINUTE_MS)
    feed_faults.wrong_clock(cast("Rig", made), -back_ms)
    assert not made.undisturbed.dead_letters
    assert team_b(made)["seconds:unknown:15m"] == pytest.approx(4 * 3 * 60, rel=0.1)
