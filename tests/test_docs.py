"""What the documents name is there: files, folders, targets, variables, tests, commands."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from stream.cli.demonstration.scenario import TEAMS
from stream.config import load_settings
from stream.events.language import Phase, State
from tests.components import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")], key=str)
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
LIVING = [
    path for path in DOCUMENTS if path.parent.name != "decisions" and path.name != "CHANGELOG.md"
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
IDS = [str(document.relative_to(ROOT)) for document in DOCUMENTS]


def source_texts(*folders: str) -> str:
    """The text of all programs in some folders, and of what stands beside them."""
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    wanted = [path for path in files if path.suffix in {".py", ".sh"}]
    return "\n".join(path.read_text(encoding="utf-8") for path in wanted)


def anchors(document: Path) -> set[str]:
    """The names under which headings of a document can be linked."""
    headings = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_every_link_leads_somewhere(document: Path) -> None:
    for target in LINK.findall(document.read_text(encoding="utf-8")):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        path = (document.parent / name) if name else document
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


@pytest.mark.parametrize("document", LIVING, ids=[path.name for path in LIVING])
def test_every_file_of_ours_that_is_named_is_there(document: Path) -> None:
    """Decisions and the changelog stay as they were written, with the names of their day."""
    text = document.read_text(encoding="utf-8")
    for name in re.findall(r"`((?:stream|tests|docs|benchmarks)/[\w./-]+)`", text):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"`((?:agents|config|control|events|windows)/\w+\.py)`", text):
        assert (ROOT / "stream" / name).exists(), name


@pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)
def test_every_test_that_is_named_is_there(document: Path) -> None:
    tests = source_texts("tests")
    for name in re.findall(r"`(test_\w+)`", document.read_text(encoding="utf-8")):
        assert f"def {name}(" in tests, name


def test_every_decision_stands_in_the_list() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(LINK.findall((folder / "README.md").read_text(encoding="utf-8")))

    assert listed == {path.name for path in folder.glob("[0-9]*.md")}


def test_every_folder_of_the_source_is_explained() -> None:
    for path in (ROOT / "stream").iterdir():
        if path.is_dir() and (path / "__init__.py").exists():
            assert f"`stream/{path.name}/`" in ARCHITECTURE, path.name


def test_every_target_of_make_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        named = set(re.findall(r"(?:^    |`|\$ |\d )make ([a-z-]+)", text, re.MULTILINE))
        assert named <= targets, document


def test_every_variable_that_is_named_is_read_somewhere() -> None:
    code = source_texts("stream", "tests")
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for name in set(re.findall(r"\b(?:FLOORWATCH|DEMO)_[A-Z_]*[A-Z]\b", text)):
            section, _, key = name.removeprefix("FLOORWATCH_").lower().partition("_")
            settings = load_settings(None, {})
            is_setting = key != "" and hasattr(getattr(settings, section, None), key)
            assert is_setting or f'"{name}"' in code, name


def test_the_configuration_in_the_readme_is_good(tmp_path: Path) -> None:
    [text] = [body for language, body in CODE.findall(README) if language == "toml"]
    path = tmp_path / "floorwatch.toml"
    path.write_text(text, encoding="utf-8")

    assert load_settings(path, {}).kafka.brokers == "127.0.0.1:9092"


def test_the_readme_lists_all_states_and_phases_in_order() -> None:
    [text] = re.findall(r"^States: (.*?)\n\n", README, re.MULTILINE | re.DOTALL)
    states, phases = text.split("Phases: ")

    assert re.findall(r"`(\w+)`", states) == [state.name for state in State]
    assert re.findall(r"`(\w+)`", phases) == [phase.name for phase in Phase]


def test_the_python_in_the_readme_is_python() -> None:
    for language, body in CODE.findall(README):
        if language == "python":
            compile(body, "README.md", "exec")


def test_every_command_of_ours_in_the_readme_is_one() -> None:
    named = set(re.findall(r"floorwatch ([a-z]+(?:-[a-z]+)?) ", README)) - {"demo"}
    listed = subprocess.run(
        [sys.executable, "-m", "stream", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in named:
        assert f"  {name} " in listed, name


def test_the_picture_shows_a_page_and_the_teams_and_needs_nothing_from_elsewhere() -> None:
    text = (ROOT / "docs" / "demo.svg").read_text(encoding="utf-8")

    assert "PAGE" in text
    assert all(f">{team}" in text or f";{team}" in text for team in TEAMS)
    assert "@font-face" not in text
    assert "url(http" not in text


def test_the_list_of_metrics_is_that_of_the_program() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "metrics.py"))["text"]()

    assert (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8") == made
