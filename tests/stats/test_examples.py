"""The examples in the docstrings of stream/stats are run as they stand there."""

import doctest
import importlib
from pathlib import Path

import pytest

from stream import stats

MODULES = sorted(
    path.stem for path in Path(stats.__path__[0]).glob("*.py") if path.stem != "__init__"
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_each_module_are_right(name: str) -> None:
    results = doctest.testmod(importlib.import_module(f"stream.stats.{name}"))
    assert results.attempted > 0, "a formula has an example"
    assert results.failed == 0
