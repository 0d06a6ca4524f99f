"""The audit is able to fail: each of the usual mistakes is noticed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components import Kafka
from tests.faults.audit import Auditor
from tests.faults.matrix import run_steps
from tests.faults.mutants import MUTANTS, VARIABLE
from tests.faults.rig import Setup, rig
from tests.faults.services import kafka_behind_lines
from tests.faults.traffic import SMALL

pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.xdist_group("mutants")]
SEED = 11
SPEED = 20.0
CONVERGED_S_MAX = 12.0
"""A mutant does not come right, however long one waits."""


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    node = kafka_behind_lines(tmp_path_factory.mktemp("kafka"))
    yield node.start()
    node.stop("KILL")


@pytest.mark.parametrize("mutant", MUTANTS)
def test_each_mutant_is_caught(
    mutant: str, kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same faults leave the product without a difference: `make faults`."""
    monkeypatch.setenv(VARIABLE, mutant)
    setup = Setup(SEED, SMALL, speed=SPEED, module="tests.faults.mutants")
    with rig(tmp_path, setup, kafka) as made:
        run = run_steps(made, Auditor(made, CONVERGED_S_MAX), SEED, MUTANTS[mutant][1])
    print(f"{mutant}: {len(run.differences)} differences, such as {run.differences[:2]}")
    assert not run.failure
    assert run.differences
