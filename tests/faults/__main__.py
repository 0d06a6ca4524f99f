"""`make faults`: the matrix of faults on real Kafka, Redis and Prometheus."""

import json
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from dataclasses import replace
from pathlib import Path

from stream.clock import wall_ms
from stream.units import MINUTE_MS
from tests.components import ROOT
from tests.faults.all_faults import FAULTS
from tests.faults.audit import Auditor
from tests.faults.live import run_live
from tests.faults.matrix import Matrix, Order, drawn, run_steps
from tests.faults.rig import Rig, Setup, rig
from tests.faults.rules import LIVE_RULES
from tests.faults.service_faults import OF_ONE, SEVERAL
from tests.faults.soak import soak
from tests.faults.traffic import SMALL, Mix

SHORT = (
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
    "call-repeated-late-view",
    "call-of-the-dead-view",
    "redis-cut-off",
    "poison",
    "backlog-of-10-minutes",
    "source-silent-15-minutes",
    "source-lost-then-snapshot",
    "source-clock-hours-ahead",
    "transactions-aborted",
    "damaged-commit",
)
LONG = frozenset({"redis-away-60s", "redis-away-10min"})
"""Not drawn for random sequences."""
NOT_IN_SOAK = (
    *("redis-emptied", "rolling-restart", "backlog-of-10-minutes", "archive"),
    *("topic-made-again", "kafka-tail-lost", "retention", "foreign", "damaged-snapshot"),
    *("damaged-lists", *LONG),
)
"""An emptied Redis makes the workers read the whole topic again, which grows by the hour; those of
the archive send a whole hour of events at once; the others spare no worker.
"""
LIVE = (
    "calm",
    "kill",
    "kill-others-take-over",
    "sigterm",
    "zombie",
    "worker-added",
    "worker-removed",
    "rolling-restart",
    "kafka-killed",
    "redis-killed-tail-lost",
    "redis-away-8s",
    "redis-cut-off",
)
"""No two of them, one after the other, keep a floor from being evaluated for long."""
LIVE_MIX = Mix(orderly=20, rough=0, teams=2, heads=20)
LIVE_PAST_MS = 20 * MINUTE_MS
SOAK_MIX = Mix(heads=50)
SOAK_RATE = 6_600
"""Events a second while they flow: above 5 000 with the pauses for audits. Making and auditing so
many takes a core of its own.
"""
EVIDENCE = ROOT / "var" / "faults"
"""It outlives the temporary folder of all files."""
EXAMPLES = """examples:
  python -m tests.faults                                    every fault alone, 20 random sequences
  python -m tests.faults --short                            what continuous integration runs
  python -m tests.faults --only zombie
  python -m tests.faults --seed 7 --steps kill,redis-emptied    a sequence once more
  python -m tests.faults --redis cluster --sequences 5      with three brokers beside
  python -m tests.faults --soak 60                          an hour, with a fault every half minute
  python -m tests.faults --live 10                          alerts by the live clock
"""


def _arguments() -> Namespace:
    parser = ArgumentParser(
        "python -m tests.faults", description=__doc__, epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--short", action="store_true", help="a part of it, with fewer agents")
    parser.add_argument("--only", metavar="TEXT", help="faults with this text in their names")
    parser.add_argument("--steps", metavar="A,B", help="these faults in a row, once")
    parser.add_argument("--soak", metavar="MINUTES", type=float, help="steady traffic for so long")
    parser.add_argument(
        "--rate", type=int, default=SOAK_RATE, help="events a second of the soak (%(default)s)"
    )
    parser.add_argument("--live", metavar="MINUTES", type=float, help="the same by the live clock")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sequences", type=int, help="random sequences (20)")
    parser.add_argument("--workers", type=int, default=2, choices=(1, 2, 3))
    parser.add_argument(
        "--redis",
        choices=("one", "sentinel", "cluster"),
        default="one",
        help="several servers of Redis, and three brokers",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        help="folder for all files; else a temporary one,"
        " and var/faults for what explains runs that fail",
    )
    arguments = parser.parse_args()
    unknown = set((arguments.steps or "").split(",")) - FAULTS.keys() - {""}
    if unknown:
        parser.error(f"no fault {', '.join(sorted(unknown))}; there are: {', '.join(FAULTS)}")
    return arguments


def _orders(arguments: Namespace) -> list[Order]:
    seed, workers = arguments.seed, arguments.workers
    if arguments.steps:
        return [Order(seed, tuple(arguments.steps.split(",")), workers)]
    names = _names(arguments.redis)
    if arguments.short:
        names = [name for name in names if name in SHORT]
    sequences = arguments.sequences
    if sequences is None:
        sequences = 0 if arguments.only else 2 if arguments.short else 20
    wanted = arguments.only or ""
    alone = [Order(seed + n, (name,), workers) for n, name in enumerate(names) if wanted in name]
    usual = [name for name in names if name not in LONG]
    longest = 3 if arguments.short else 6
    return [*alone, *drawn(usual, sequences, seed, longest)]


def _names(redis: str) -> list[str]:
    """Faults that can happen: some need one broker and one Redis, some need several."""
    if redis == "one":
        return [name for name in FAULTS if name not in SEVERAL]
    return [name for name in FAULTS if name in SEVERAL or not name.startswith(OF_ONE)]


def _run_matrix(made: Rig, matrix: Matrix, orders: list[Order]) -> None:
    auditor, began_s = Auditor(made), time.monotonic()
    for number, order in enumerate(orders, 1):
        passed_s = time.monotonic() - began_s
        print(f"[{number}/{len(orders)} {passed_s:4.0f} s] ", end="", flush=True)
        matrix.add(run_steps(made, auditor, order.seed, order.steps, order.workers))


def _run_soak(made: Rig, matrix: Matrix, minutes: float, seed: int) -> bool:
    names = [name for name in _names("one") if not any(text in name for text in NOT_IN_SOAK)]
    result = soak(made, Auditor(made), names, minutes * 60, seed, matrix.add)
    print("\n".join(result.lines()))
    return result.is_flat


def live_setup(seed: int) -> Setup:
    """Floors whose events happen now, each second in a second."""
    start_ms = wall_ms() - LIVE_PAST_MS
    return Setup(
        seed, LIVE_MIX, speed=1.0, start_ms=start_ms, past_ms=LIVE_PAST_MS, rules=LIVE_RULES
    )


def main() -> int:
    """Run what was asked for; 1 if anything differed."""
    arguments = _arguments()
    matrix, is_right = Matrix(lambda line: print(line, flush=True)), True
    mix = SMALL if arguments.short else Mix()
    setup = Setup(arguments.seed, mix, redis=arguments.redis)
    if arguments.soak:
        setup = Setup(arguments.seed, SOAK_MIX, rate=arguments.rate)
    if arguments.live:
        setup = live_setup(arguments.seed)
    if arguments.keep is None:
        setup = replace(setup, evidence=EVIDENCE)
    with (
        tempfile.TemporaryDirectory(prefix="floorwatch-faults-") as temporary,
        rig(arguments.keep or Path(temporary), setup) as made,
    ):
        if arguments.soak:
            is_right = _run_soak(made, matrix, arguments.soak, arguments.seed)
        elif arguments.live:
            matrix.add(run_live(made, LIVE, arguments.seed, arguments.live * 60))
        else:
            _run_matrix(made, matrix, _orders(arguments))
        fenced = made.fenced
    print(f"workers that had slept, or lost a race, were FENCED {fenced} times")
    print("\n".join(matrix.table()))
    print(json.dumps(matrix.figures()))
    return int(not (is_right and all(run.is_right for run in matrix.runs)))


if __name__ == "__main__":
    sys.exit(main())
