"""The name of a set of rules."""

from stream.fingerprint import fingerprint
from stream.spec import Spec


def test_the_fingerprint_of_the_defaults_is_the_same_in_every_process() -> None:
    """Sets of states are hashed by name; a change here means that the default rules changed."""
    assert fingerprint(Spec()) == "6ead9b964260"
