"""The name of a set of rules."""

from dataclasses import dataclass

from stream.fingerprint import fingerprint, plain
from stream.spec import Spec, added


def test_the_fingerprint_of_the_defaults_is_the_same_in_every_process() -> None:
    """Sets of states are hashed by name; a change here means that the default rules changed."""
    assert fingerprint(Spec()) == "6ead9b964260"


def test_a_key_that_was_added_later_changes_it_only_where_it_is_set() -> None:
    @dataclass(frozen=True, slots=True)
    class Before:
        limit: int = 5

    @dataclass(frozen=True, slots=True)
    class After:
        limit: int = 5
        pace_ms: int | None = added(None)

    assert plain(After()) == plain(Before())
    assert plain(After(pace_ms=7)) == {"limit": 5, "pace_ms": 7}
