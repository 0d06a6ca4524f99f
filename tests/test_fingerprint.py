"""The name of a set of rules."""

from dataclasses import dataclass, replace

from stream.fingerprint import fingerprint, plain, with_roster
from stream.roster import NO_ROSTER, parse_roster
from stream.spec import NameLimits, Spec, added


def test_the_fingerprint_of_the_defaults_is_the_same_in_every_process() -> None:
    """Sets of states are hashed by name; a change here means that the default rules changed."""
    assert fingerprint(Spec()) == "6ead9b964260"


def test_the_roster_is_part_of_the_fingerprint_whatever_the_order_of_its_lines() -> None:
    lines = ["ann,red\n", "bob,blue\n"]
    one, two = (parse_roster("agent,team\n" + "".join(some), "r") for some in (lines, lines[::-1]))
    other = parse_roster("agent,team\nann,red\nbob,red\n", "r")
    rules = [fingerprint(with_roster(Spec(), roster)) for roster in (one, two, other)]
    assert rules[0] == rules[1]
    assert len({*rules, fingerprint(Spec())}) == 3
    assert with_roster(Spec(), NO_ROSTER) == Spec()


def test_a_key_that_was_added_later_counts_unless_it_is_at_its_default() -> None:
    assert fingerprint(replace(Spec(), limits=NameLimits())) == fingerprint(Spec())
    assert fingerprint(replace(Spec(), limits=NameLimits(teams=9))) != fingerprint(Spec())


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
