"""Breaks one line of the product in memory, to see whether the contract notices."""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from tests.reference.histories import drawn, history_of

FRESH = (
    "stream.arrays", "stream.calendar", "stream.windows", "stream.observation", "stream.shard",
    "stream.figures", "stream.control",
    "tests.reference.engine", "tests.reference.parts", "tests.reference.against",
    "tests.reference.restarts", "tests.reference.retired",
)  # fmt: skip
"""Modules that are imported anew, so that they see the broken one."""


@dataclass(frozen=True)
class Mutant:
    """A change of source text: `before` stands once in the module, and becomes `after`."""

    name: str
    module: str
    before: str
    after: str


def caught_after(mutant: Mutant, most: int) -> int | None:
    """The number of the first history that differs from the reference; None: none of `most`."""
    with mutated(mutant) as checks:
        for number, seed in enumerate(drawn("mutant", most)):
            try:
                checks.check(history_of(seed))
            except AssertionError:
                return number
    return None


@contextmanager
def mutated(mutant: Mutant, checks: str = "tests.reference.against") -> Iterator[Any]:
    """A module of checks, imported afresh over the broken product."""
    saved = {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith(FRESH)}
    try:
        _import_broken(mutant)
        yield importlib.import_module(checks)
    finally:
        for name in [name for name in sys.modules if name.startswith(FRESH)]:
            del sys.modules[name]
        for name, module in saved.items():
            sys.modules[name] = module
            _bind(name, module)


def _import_broken(mutant: Mutant) -> None:
    package = mutant.module.rpartition(".")[0]
    importlib.import_module(package)
    spec = importlib.util.find_spec(mutant.module)
    assert isinstance(spec, ModuleSpec), mutant.module
    module = importlib.util.module_from_spec(spec)
    source = importlib.util.decode_source(spec.loader.get_data(spec.origin))  # type: ignore[union-attr]
    assert source.count(mutant.before) == 1, f"{mutant.name}: the text stands not once"
    sys.modules[mutant.module] = module
    code = compile(source.replace(mutant.before, mutant.after), str(spec.origin), "exec")
    exec(code, module.__dict__)
    _bind(mutant.module, module)


def _bind(name: str, module: ModuleType) -> None:
    package, _, leaf = name.rpartition(".")
    if package in sys.modules:
        setattr(sys.modules[package], leaf, module)
