"""State that an earlier version stored is read, and goes on, and is stored anew."""

import pytest

from stream.windows import snapshot
from stream.windows.snapshot import FORMAT, READS
from tests.formats.sample import Sample, path_of, push, restored, shown


def fields_of(known: dict[str, dict[str, str]], views: dict[str, dict[str, str]]) -> object:
    """The views without the fields that their writer did not know: call-backs."""
    return {
        key: {
            name: value
            for name, value in view.items()
            if name in known.get(key, ()) or not name.startswith("call_backs_")
        }
        for key, view in views.items()
    }


@pytest.mark.parametrize("number", sorted(READS))
def test_a_sample_of_each_format_that_is_read_shows_what_it_showed_and_goes_on(
    number: int,
) -> None:
    sample = Sample.read(path_of(number))
    assert sample.format == number
    shard = restored(sample)
    assert fields_of(sample.shown, shown(shard)) == sample.shown
    assert any("out_of_control" in view.values() for view in sample.shown.values())
    push(shard, sample.following)
    assert fields_of(sample.shown_at_last, shown(shard)) == sample.shown_at_last


def test_what_was_read_in_an_older_format_is_stored_anew_as_a_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshot, "FORMAT", FORMAT + 1)
    monkeypatch.setattr(snapshot, "READS", READS | {FORMAT + 1})
    stored = restored(Sample.read(path_of(FORMAT))).snapshot()
    assert stored.changed.keys() == set(stored.names)


def test_the_present_format_has_its_sample() -> None:
    assert path_of(FORMAT).is_file(), "python -m tests.formats.sample"
