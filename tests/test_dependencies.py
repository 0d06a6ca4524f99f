"""What `stream/` imports is declared as a runtime dependency, and nothing else is."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import Final

from tests.components import ROOT

NOT_IMPORTED: Final = {
    "tzdata": "zoneinfo reads it where the system has no time zones",
}
"""Runtime dependencies that no module names, and who needs them."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements: list[str]) -> set[str]:
    """The names of requirements, and those of their extras: `redis[hiredis]` brings hiredis."""
    names = set()
    for requirement in requirements:
        found = re.match(r"([\w.-]+)(?:\[([^\]]*)\])?", requirement)
        assert found, requirement
        names |= {plain(name) for name in (found[1], *(found[2] or "").split(",")) if name}
    return names


def extras(requirements: list[str]) -> set[str]:
    """Extras alone: they may name a feature instead of a package."""
    named = [name for one in requirements for name in re.findall(r"\[([^\]]*)\]", one)]
    return declared([name for names in named for name in names.split(",")])


def imported() -> set[str]:
    """The distributions of all third-party modules that `stream/` imports, wherever it does."""
    modules = set()
    for path in (ROOT / "stream").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                modules.add(str(node.module).partition(".")[0])
    known = packages_distributions()
    third_party = modules - sys.stdlib_module_names - {"stream", "dashboards"}
    return {plain(known.get(module, [module])[0]) for module in third_party}


def test_what_the_program_imports_is_declared() -> None:
    optional = declared(PROJECT["optional-dependencies"]["embedded"])
    assert imported() - optional <= declared(PROJECT["dependencies"])


def test_nothing_is_installed_that_the_program_does_not_import() -> None:
    required = PROJECT["dependencies"]
    unused = declared(required) - extras(required) - imported()
    assert unused == set(NOT_IMPORTED)
