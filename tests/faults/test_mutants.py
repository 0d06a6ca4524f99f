"""The audit is able to fail: each of the usual mistakes is noticed, and without it nothing is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.components import Kafka
from tests.faults.audit import Auditor
from tests.faults.matrix import run_steps
from tests.faults.mutants import MUTANTS, VARIABLE
from tests.faults.rig import Setup, rig
from tests.faults.services import kafka_behind_lines

pytestmark = [pytest.mark.service, pytest.mark.slow]
SEED = 11
SPEED = 20.0
CONVERGED_S_MAX = 12.0
"""A mutant does not come right, however long one waits."""


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    node = kafka_behind_lines(tmp_path_factory.mktemp("kafka"))
    yield node.start()
    node.stop("KILL")


@pytest.mark.parametrize("mutant", [*MUTANTS, None])
def test_each_mutant_is_caught_and_the_product_is_not(
    mutant: str | None, kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = tuple(dict.fromkeys(step for _, steps in MUTANTS.values() for step in steps))
    module, steps = "stream", everything
    if mutant is not None:
        module, steps = "tests.faults.mutants", MUTANTS[mutant][1]
        monkeypatch.setenv(VARIABLE, mutant)
    with rig(tmp_path, Setup(SEED, speed=SPEED, module=module), kafka) as made:
        auditor = Auditor(made, CONVERGED_S_MAX if mutant else 60.0)
        run = run_steps(made, auditor, SEED, steps)
    print(f"{mutant}: {len(run.differences)} differences, such as {run.differences[:2]}")
    assert not run.failure
    assert bool(run.differences) == (mutant is not None)
