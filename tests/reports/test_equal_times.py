"""Logs with whole seconds: rows of one second count in the order of the file."""

from pathlib import Path
from typing import Final

import pytest

from stream.reports.checked import checked
from stream.sources.recording import InputFile
from stream.sources.registry import FORMATS
from tests.reference import cases
from tests.reference.records import Event
from tests.reports.replaying import replayed, table, times

WHOLE_SECONDS: Final = '[[source]]\nname = "*"\nheartbeat = "off"\nresolution = "1s"\n'


def hour_of_ann(tmp_path: Path, events: list[Event], **options: bool) -> dict[str, float]:
    config = tmp_path / "floorwatch.toml"
    config.write_text(WHOLE_SECONDS)
    out = replayed(tmp_path, events, window="1h", config=config, **options)
    (row,) = table(out / "agents.csv")
    return times(row)


@pytest.mark.parametrize("arrival", [False, True])
def test_who_wraps_up_and_is_free_in_the_same_second_is_free(tmp_path: Path, arrival: bool) -> None:
    found = hour_of_ann(tmp_path, cases.one_second_stamps(), arrival=arrival)
    assert found == {"available": 25 * 60, "talking": 5 * 60}


def test_who_is_logged_off_and_on_again_in_the_same_second_is_there(tmp_path: Path) -> None:
    found = hour_of_ann(tmp_path, cases.relogin_same_second())
    assert found == {"available": 40 * 60, "talking": 5 * 60}


def test_a_second_file_does_not_continue_the_order_of_the_first(tmp_path: Path) -> None:
    lines = [b'{"type":"state","ts":1772445600000,"agent":"ann","state":"%s"}' % name
             for name in (b"acw", b"aux", b"acw")]  # fmt: skip
    files = [InputFile("one", lines), InputFile("two", lines[1:])]
    assert checked(FORMATS["events"].read(files, None)).ranks.tolist() == [0, 1, 0, 0, 1]
