"""State that an earlier version stored is read, and goes on, and is stored anew."""

import pytest

from stream.windows import snapshot
from stream.windows.snapshot import FORMAT, READS
from tests.formats.sample import Sample, path_of, push, restored, shown


@pytest.mark.parametrize("number", sorted(READS))
def test_a_sample_of_each_format_that_is_read_shows_what_it_showed_and_goes_on(
    number: int,
) -> None:
    sample = Sample.read(path_of(number))
    assert sample.format == number
    shard = restored(sample)
    assert _of_then(shown(shard), sample.shown) == sample.shown
    assert any("out_of_control" in view.values() for view in sample.shown.values())
    push(shard, sample.following)
    assert _of_then(shown(shard), sample.shown) == sample.shown_at_last


def _of_then(
    views: dict[str, dict[str, str]], then: dict[str, dict[str, str]]
) -> dict[str, dict[str, str]]:
    """Views without the fields that no view had then."""
    names = {name for fields in then.values() for name in fields}
    return {
        key: {name: fields[name] for name in fields.keys() & names} for key, fields in views.items()
    }


def test_what_was_read_in_an_older_format_is_stored_anew_as_a_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshot, "FORMAT", FORMAT + 1)
    monkeypatch.setattr(snapshot, "READS", READS | {FORMAT + 1})
    stored = restored(Sample.read(path_of(FORMAT))).snapshot()
    assert stored.changed.keys() == set(stored.names)


def test_the_present_format_has_its_sample() -> None:
    assert path_of(FORMAT).is_file(), "python -m tests.formats.sample"
