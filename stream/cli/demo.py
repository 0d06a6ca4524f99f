"""`floorwatch demo`: the whole pipeline on this machine, with nothing else installed."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from stream.errors import ConfigurationError


def demo(
    keep: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Keep configuration, events, notices and logs in this directory."
        ),
    ] = None,
) -> None:
    """Monitor a simulated floor at a busy hour, and page when people walk out together.

    Starts its own broker, Redis and worker, sends the past 110 minutes of events and then live
    ones; after 40 s, 5 of 10 and 6 of 30 agents walk out within 5 s. Ctrl-C stops it.

    DEMO_SECONDS=n stops it n seconds after the first figures: exit status 0 if everything that
    the demo promises was seen, else 1 with the reasons. DEMO_WALKOUT=0 leaves out the walk-out:
    nothing is paged, so the exit status is 1.

    \b
    Examples:
      floorwatch demo
      DEMO_SECONDS=90 floorwatch demo --keep demo-files
      floorwatch replay events demo-files/events.jsonl --config demo-files/floorwatch.toml --out d
    """  # noqa: D301 - click's mark for text that it must not wrap
    began_s = time.monotonic()
    from contextlib import ExitStack
    from tempfile import TemporaryDirectory

    from stream.cli.demonstration.story import DemoOptions, run

    seconds = _seconds(os.environ.get("DEMO_SECONDS", ""))
    walk_out = os.environ.get("DEMO_WALKOUT", "1") != "0"
    with ExitStack() as stack:
        if keep is None:
            try:
                scratch = TemporaryDirectory(prefix="floorwatch-demo-")
            except OSError as error:
                raise ConfigurationError(f"TMPDIR, or --keep: {_reason(error)}") from None
            directory = Path(stack.enter_context(scratch))
        else:
            directory = keep.absolute()
            _make(directory)
        complaints = run(DemoOptions(directory, seconds, walk_out, began_s))
    if complaints:
        raise typer.Exit(1)


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"--keep {directory}: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _seconds(text: str) -> float | None:
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 1e6:
        raise ConfigurationError(f"DEMO_SECONDS = '{text}'; allowed: a number of seconds above 0")
    return seconds
