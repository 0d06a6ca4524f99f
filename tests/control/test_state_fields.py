"""Named fields of a detector's state as JSON."""

from dataclasses import dataclass, replace
from typing import ClassVar

import orjson
import pytest

from stream.control import state_fields
from stream.control.detectors.protocol import DetectorState, instant_ms
from stream.control.episode import Alert
from stream.control.model import Severity
from stream.control.state_fields import read_alert, read_state, write_alert, write_state
from stream.units import NEVER_MS

NOW_MS = 1_772_445_600_000


@dataclass(frozen=True, slots=True)
class Mixed(DetectorState):
    """A state of many types."""

    mean: float = 0.0
    count: int = 0
    since_ms: int = instant_ms()
    last_ms: int | None = instant_ms(-NEVER_MS)
    text: str = ""
    limit: float | None = None
    recent: tuple[float, ...] = ()
    turns_ms: tuple[int, ...] = instant_ms(())


@dataclass(frozen=True, slots=True)
class Listed(DetectorState):
    """A state that older versions read by position."""

    BY_POSITION: ClassVar[bool] = True
    since_ms: int = instant_ms()
    count: int = 0


FULL = Mixed(0.25, 7, NOW_MS - 5, None, "x", 1.5, (0.5, 2.0), (NOW_MS - 9, NOW_MS, NEVER_MS))


def through_json(state: DetectorState, initial: DetectorState) -> object:
    return orjson.loads(orjson.dumps(write_state(state, initial, NOW_MS)))


@pytest.mark.parametrize("state", [FULL, Mixed(), Mixed(last_ms=NEVER_MS, count=-1)])
def test_any_typed_value_is_read_as_it_was_and_only_instants_move(state: Mixed) -> None:
    stored = through_json(state, Mixed())
    assert read_state(stored, Mixed(), NOW_MS) == state  # type: ignore[arg-type]


def test_fields_have_names_instants_are_relative_and_what_is_initial_is_left_out() -> None:
    assert through_json(Mixed(mean=0.5, since_ms=NOW_MS - 5), Mixed()) == {
        "mean": 0.5, "since_ms": -5,
    }  # fmt: skip
    assert through_json(Mixed(), Mixed()) == {}


def test_names_that_are_not_known_are_ignored_and_missing_ones_are_initial() -> None:
    stored = {"count": 3, "of_a_later_version": [1]}
    assert read_state(stored, Mixed(), NOW_MS) == Mixed(count=3)


def test_a_state_that_older_versions_know_is_written_by_position_and_read_both_ways() -> None:
    state = Listed(NOW_MS - 5, 2)
    assert through_json(state, Listed()) == [-5, 2]
    assert through_json(Listed(count=2), Listed()) == [None, 2]
    for stored in ([-5, 2], [-5, 2, "more"], {"since_ms": -5, "count": 2}):
        assert read_state(stored, Listed(), NOW_MS) == state
    assert read_state([None], Listed(), NOW_MS) == Listed()


def test_an_alert_is_read_by_position_and_by_name() -> None:
    alert = Alert("id", NOW_MS - 9, True, Severity.page, None, True, NOW_MS - 3)
    stored = write_alert(alert, NOW_MS)
    assert stored == ["id", -9, True, "page", None, True, -3]
    assert read_alert(stored, NOW_MS) == alert
    named = {
        "id": "id", "onset_ms": -9, "page_limit": True, "severity": "page", "notified_as": None,
        "raised": True, "since_ms": -3, "of_a_later_version": 1,
    }  # fmt: skip
    assert read_alert(named, NOW_MS) == alert


def test_a_field_that_an_alert_has_had_later_is_stored_behind_the_others_where_it_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @dataclass(frozen=True, slots=True)
    class Owned(Alert):
        owner: str = ""

    fields = (*state_fields.ALERT_FIELDS, state_fields.StoredField("owner"))
    monkeypatch.setattr(state_fields, "ALERT_FIELDS", fields)
    monkeypatch.setattr(state_fields, "_ALERT_DEFAULTS", {"owner": ""})
    monkeypatch.setattr(state_fields, "Alert", Owned)
    plain = Owned("id", NOW_MS - 9, True, Severity.page, None, True, NOW_MS - 3)
    owned = replace(plain, owner="Li")
    assert write_alert(plain, NOW_MS) == ["id", -9, True, "page", None, True, -3]
    assert write_alert(owned, NOW_MS)[-1] == "Li"
    assert [read_alert(write_alert(one, NOW_MS), NOW_MS) for one in (plain, owned)] == [
        plain,
        owned,
    ]
