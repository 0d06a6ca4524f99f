"""`floorwatch demo`: the whole thing on this machine, with nothing installed beside it."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from stream.errors import ConfigurationError


def demo(
    keep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep configuration, events, notices and logs there."),
    ] = None,
) -> None:
    """Watch a simulated floor at a busy hour, and be paged when people walk out together.

    Starts a broker, a Redis and a worker of its own, sends 110 minutes of past and then the
    present, and 40 s later lets 5 of 10 and 6 of 30 agents walk out within 5 s. Ctrl-C ends it.

    DEMO_SECONDS=n ends it n seconds after the first figures: with 0 if all that it promises was
    seen, else with 1 and the reasons. DEMO_WALKOUT=0: nobody walks out, nothing is paged, and so
    it ends with 1.

    \b
    Examples:
      floorwatch demo
      DEMO_SECONDS=90 floorwatch demo --keep demo-files
      floorwatch replay events demo-files/events.jsonl --config demo-files/floorwatch.toml --out d
    """  # noqa: D301 - click's mark for text that it must not wrap
    began_s = time.monotonic()
    from tempfile import TemporaryDirectory

    from stream.cli.demonstration.story import Wish, run

    seconds = _seconds(os.environ.get("DEMO_SECONDS", ""))
    walk_out = os.environ.get("DEMO_WALKOUT", "1") != "0"
    with TemporaryDirectory(prefix="floorwatch-demo-") as scratch:
        directory = Path(scratch) if keep is None else keep.absolute()
        _make(directory)
        complaints = run(Wish(directory, seconds, walk_out, began_s))
    if complaints:
        raise typer.Exit(1)


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigurationError(f"--keep {directory}: {reason}") from None


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
