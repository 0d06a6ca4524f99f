"""`make faults`: the matrix of faults on real Kafka, Redis and Prometheus."""

import json
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from pathlib import Path

from tests.faults.all_faults import FAULTS
from tests.faults.audit import Auditor
from tests.faults.matrix import Matrix, drawn, run_steps
from tests.faults.rig import Setup, rig

SHORT = (
    "kill@push.after",
    "kill@commit.after",
    "kill@flip.before",
    "kill@audit.after",
    "zombie",
    "worker-added",
    "kafka-killed",
    "redis-killed-tail-lost",
    "redis-away-8s",
    "redis-emptied",
    "reply-lost-commit",
    "redis-cut-off",
    "poison",
    "backlog-of-10-minutes",
    "source-silent-15-minutes",
)
LONG = frozenset({"redis-away-60s", "redis-away-10min"})
"""Not drawn for random sequences."""
EXAMPLES = """examples:
  python -m tests.faults                                    every fault alone, 20 random sequences
  python -m tests.faults --short                            what continuous integration runs
  python -m tests.faults --only zombie --workers 3
  python -m tests.faults --seed 7 --steps kill,redis-emptied    a sequence once more
"""


def _arguments() -> Namespace:
    parser = ArgumentParser(
        "python -m tests.faults", description=__doc__, epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--short", action="store_true", help="a part of the matrix, 2 sequences")
    parser.add_argument("--only", metavar="TEXT", help="faults with this text in their names")
    parser.add_argument("--steps", metavar="A,B", help="these faults in a row, once")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sequences", type=int, help="random sequences (20)")
    parser.add_argument("--workers", type=int, default=2, choices=(1, 2, 3))
    parser.add_argument("--keep", type=Path, help="folder for all files; else a temporary one")
    arguments = parser.parse_args()
    unknown = set((arguments.steps or "").split(",")) - FAULTS.keys() - {""}
    if unknown:
        parser.error(f"no fault {', '.join(sorted(unknown))}; there are: {', '.join(FAULTS)}")
    return arguments


def _plan(arguments: Namespace) -> list[tuple[int, list[str]]]:
    seed = arguments.seed
    if arguments.steps:
        return [(seed, arguments.steps.split(","))]
    names = [n for n in FAULTS if not arguments.short or n in SHORT]
    if arguments.only:
        return [(seed, [name]) for name in names if arguments.only in name]
    sequences = arguments.sequences
    if sequences is None:
        sequences = 2 if arguments.short else 20
    usual = [name for name in names if name not in LONG]
    return [*((seed + at, [name]) for at, name in enumerate(names)), *drawn(usual, sequences, seed)]


def main() -> int:
    """Run what was asked for; 1 if anything differed."""
    arguments = _arguments()
    began_s, matrix = time.monotonic(), Matrix(lambda line: print(line, flush=True))
    plan = _plan(arguments)
    with tempfile.TemporaryDirectory(prefix="floorwatch-faults-") as temporary:
        directory = arguments.keep or Path(temporary)
        setup = Setup(seed=arguments.seed, workers=arguments.workers)
        with rig(directory, setup) as made:
            auditor = Auditor(made)
            for number, (seed, steps) in enumerate(plan, 1):
                passed_s = time.monotonic() - began_s
                print(f"[{number}/{len(plan)} {passed_s:4.0f} s] ", end="", flush=True)
                matrix.add(run_steps(made, auditor, seed, steps))
    print("\n".join(matrix.table()))
    print(json.dumps(matrix.figures()))
    return int(any(run.differences for run in matrix.runs))


if __name__ == "__main__":
    sys.exit(main())
