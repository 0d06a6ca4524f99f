"""`floorwatch worker`: one worker of the pipeline."""

import os

from stream import failpoints
from stream.cli.options import ConfigFile, read_settings


def worker(config: ConfigFile = None) -> None:
    """Read events from Kafka, compute figures, evaluate detectors, publish and alert.

    Start any number of workers: they share the floors. SIGTERM stops one cleanly.
    """
    settings = read_settings(config)
    from stream.agents.app import run_worker

    if fault := os.environ.get(failpoints.VARIABLE):
        failpoints.arm(fault)
    run_worker(settings)
