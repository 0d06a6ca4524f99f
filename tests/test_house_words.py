"""One word, one meaning: the old private names are gone, and each rule is shown to be able to fail.

docs/glossary.md has the words in use. The names below were this project's own; whoever knows Kafka
Streams, Flink or a contact centre could not guess them.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.components import ROOT
from tests.test_house_rules import python_files

OLD_NAMES = frozenset(
    """
    Lane LaneKeeper Lanes lane lanes keeper keepers Outlets outlets Piece
    Told told untold tell Watch Seen heard unheard Course Moves Steps Packing
    Scene scene Carry carry hot restless stirred suspects Watched Standing Judged loudness may_act
    Tally Counting Letterbox letterbox Retrying Again Line Wire Robot Shout Way around Showcase
    Facts Rules make_room is_pool
    """.split()  # noqa: SIM905 - words are read as words
)
"""As names of classes, functions, parameters, variables and attributes."""
NAMES_OF_LIBRARIES = frozenset({"tell"})
"""Methods of the standard library that have one of these names: a file's position."""
OLD_MODULES = frozenset(
    """
    again alert alerts blocks carry changes_of dialing found guard lane lanekeeper lanes letterbox
    line links measure outlets own people points retrying robot rounds scene showing told wire
    """.split()  # noqa: SIM905
)
SHARED_MODULE_NAMES: Mapping[str, str] = {
    "grafana.py": "cli: the command; notify: the client that it drives",
    "model.py": "each room's values: what control answers, what figures are",
    "options.py": "cli: options of commands; store: options of a store",
    "protocol.py": "each room's protocol: of detectors, of stores",
    "registry.py": "each room's list: of detectors, of recorded formats",
    "replay.py": "cli: the command; reports: the run that it starts",
    "share.py": "control: the detector; stats: the formulas that it rests on",
}
"""Modules of one name in several rooms, and what makes the difference plain."""


def identifiers(source: str) -> Iterator[tuple[int, str]]:
    """Each name that a source text gives or uses, with its line; strings and comments hold none."""
    for node in ast.walk(ast.parse(source)):
        line = getattr(node, "lineno", 0)
        match node:
            case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                yield line, node.name
            case ast.Name():
                yield line, node.id
            case ast.Attribute() if node.attr not in NAMES_OF_LIBRARIES:
                yield line, node.attr
            case ast.arg():
                yield line, node.arg
            case ast.keyword(arg=str(name)):
                yield line, name
            case ast.alias():
                yield line, (node.asname or node.name).rpartition(".")[2]


def old_names(source: str) -> Iterator[str]:
    """Identifiers that have another name now; a leading underscore hides nothing."""
    for line, name in identifiers(source):
        if name.lstrip("_") in OLD_NAMES:
            yield f"{line}: {name}"


def public_types(texts: Iterable[str]) -> Counter[str]:
    """How often each public class name is given."""
    nodes = (node for source in texts for node in ast.walk(ast.parse(source)))
    classes = (node.name for node in nodes if isinstance(node, ast.ClassDef))
    return Counter(name for name in classes if not name.startswith("_"))


def second_meanings(texts: Iterable[str]) -> list[str]:
    """Public class names that more than one class has."""
    return sorted(name for name, times in public_types(texts).items() if times > 1)


def shared_module_names(paths: Iterable[Path]) -> set[str]:
    """File names that several folders have."""
    names = Counter(path.name for path in paths if path.name != "__init__.py")
    return {name for name, times in names.items() if times > 1}


def sources(*folders: str) -> dict[Path, str]:
    """The text of each module in some folders."""
    return {path: path.read_text(encoding="utf-8") for path in python_files(*folders)}


def test_no_old_name_is_in_use() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{finding}"
        for path, source in sources("stream", "dashboards", "benchmarks").items()
        for finding in old_names(source)
    ]
    assert found == []


def test_no_module_has_an_old_name() -> None:
    assert [path for path in python_files("stream") if path.stem in OLD_MODULES] == []


def test_one_public_type_name_means_one_thing() -> None:
    assert second_meanings(sources("stream").values()) == []


def test_modules_of_one_name_stand_in_folders_that_tell_them_apart() -> None:
    assert shared_module_names(python_files("stream")) == set(SHARED_MODULE_NAMES)


@pytest.mark.parametrize(
    "source",
    [
        "class Lane: ...",
        "class _Line: ...",
        "def make_room(): ...",
        "def f(is_pool): ...",
        "f(told=1)",
        "alert.told = None",
        "from stream.control import scene",
        "def restless(): ...",
    ],
)
def test_an_old_name_that_is_put_back_is_found(source: str) -> None:
    assert list(old_names(source))


def test_a_name_in_a_text_is_no_identifier() -> None:
    assert list(old_names('fields = {"told": 1}  # told')) == []


def test_a_second_meaning_is_found() -> None:
    assert second_meanings(["class Table: ...", "class Table: ...", "class Row: ..."]) == ["Table"]


def test_a_second_module_of_a_name_is_found() -> None:
    paths = [Path("stream/http/teams.py"), Path("stream/control/teams.py"), Path("stream/shard.py")]
    assert shared_module_names(paths) == {"teams.py"}
