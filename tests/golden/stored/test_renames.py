"""A stored name that is changed in a later version does not go unseen: each is tried."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from stream.cli.embedded import RedisProgram, redis_in_wheel, redis_on_path
from tests import components
from tests.components import ROOT
from tests.golden.stored.keeping import load
from tests.golden.stored.plain import plain
from tests.golden.stored.renames import all_names, with_changed
from tests.golden.stored.sample import Sample, paths
from tests.golden.stored.seen import seen

pytestmark = pytest.mark.service
SAMPLE = Sample.read(paths()[-1])


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    program = redis_in_wheel() or redis_on_path()
    if program is None:
        components.missing("Redis", "apt-get install redis-server")
    assert program is not None
    with tempfile.TemporaryDirectory() as folder, RedisProgram(program, Path(folder)) as server:
        yield server.url


NOT_READ = frozenset(
    {
        "calls: newest_ms",  # follows from the facts
        "control state: format",  # of the windows: a manifest has it too
        "control state: unseen",  # there are none while figures follow the events
        "control: amber",
        "control: jumps",
        "key views",
        "shard: epoch",
        "shard: seq",
        "shard: token",
        "view: _as_of_ms",
        "view: _epoch",
        "view: _revision",
    }
)
"""Names without which a lane goes on as before in this story; that they stand in what is stored is
what `test_what_is_stored_now_is_what_the_newest_sample_holds` sees."""


ALIKE = ("calls: ", "hour column: ")
"""Of these every fifth is enough: they are made of a few lists."""


def tried() -> list[str]:
    names = enumerate(all_names(SAMPLE.held))
    return [what for at, what in names if at % 5 == 0 or not what.startswith(ALIKE)]


@pytest.mark.slow
def test_each_name_that_is_changed_is_noticed_when_older_state_is_taken_over(url: str) -> None:
    unseen = set()
    for what in tried():
        load(url, with_changed(SAMPLE.held, what))
        if not asyncio.run(seen(url, SAMPLE)):
            unseen.add(what)
    assert unseen == NOT_READ


@pytest.mark.parametrize("name", ["calm", "panes_head", "last_seat"])
def test_a_version_that_changed_a_stored_name_goes_on_from_its_own_state_and_not_from_this(
    name: str, url: str, tmp_path: Path
) -> None:
    """A key of control's state, a piece of a part, a column: renamed as an editor would do it.

    That is why workers of one and the same version, one after the other, prove nothing here.
    """
    package = tmp_path / "stream"
    shutil.copytree(ROOT / "stream", package, ignore=shutil.ignore_patterns("__pycache__"))
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(rf"\b{name}\b", f"{name}_", text), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tests.golden.stored.seen", url],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    package_of, own, older = done.stdout.splitlines()
    assert package_of == str(package)
    assert own == ""
    assert older != ""


def test_nothing_is_noticed_where_no_name_is_changed(url: str) -> None:
    load(url, SAMPLE.held)
    assert asyncio.run(seen(url, SAMPLE)) == ""


def test_each_name_that_is_changed_is_noticed_in_what_is_stored() -> None:
    names = list(all_names(SAMPLE.held))
    assert len(names) > 150
    wanted = plain(SAMPLE.held)
    assert [what for what in names if plain(with_changed(SAMPLE.held, what)) == wanted] == []
