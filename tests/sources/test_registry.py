"""The formats that a replay reads are listed once."""

from typer.testing import CliRunner

from stream.cli.main import app
from stream.sources.registry import FORMATS


def test_each_format_is_named_in_the_help_of_replay() -> None:
    shown = CliRunner().invoke(app, ["replay", "--help"], env={"COLUMNS": "200"}).stdout

    assert [name for name in FORMATS if name not in shown] == []


def test_a_format_stands_under_its_own_name() -> None:
    assert [one.name for one in FORMATS.values()] == list(FORMATS)
