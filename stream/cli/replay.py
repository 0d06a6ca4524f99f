"""`floorwatch replay`: recorded data through today's rules."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from stream.cli.options import ConfigFile
from stream.errors import ConfigurationError


def replay(
    source: Annotated[str, typer.Argument(help="What wrote the files: events or anonymous-bank.")],
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Plain or gzip; - is stdin.")
    ],
    out: Annotated[Path, typer.Option(help="Directory for the results; made if it is not there.")],
    zone: Annotated[
        str | None,
        typer.Option(
            metavar="IANA_NAME",
            help="Zone of local times and of windows; needed for anonymous-bank.",
        ),
    ] = None,
    window: Annotated[str, typer.Option(metavar="5m|15m|1h|1d", help="Tumbling windows.")] = "15m",
    arrival: Annotated[
        bool,
        typer.Option("--arrival", help="Keep the files' order, with the live rules for late rows."),
    ] = False,
    config: ConfigFile = None,
    roster: Annotated[
        Path | None, typer.Option(metavar="FILE", help="CSV: agent,team and optionally pool, …")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RFC3339",
            help="Tell windows that end later, alerts from here on; earlier events are read.",
        ),
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="RFC3339", help="Leave out events from here on.")
    ] = None,
) -> None:
    """Run windows and control over recorded events; the clock is the events' own time.

    Writes agents.csv, teams.csv, alerts.jsonl, rejected.jsonl and summary.json (with --arrival
    also late.jsonl). The same input and configuration give byte-identical files. Rows that
    cannot be read are written down with their reason, and the run goes on; if there are no others,
    it ends with 1.

    \b
    Examples:
      floorwatch replay events floor.jsonl.gz --out yesterday
      floorwatch replay anonymous-bank january.txt.gz --zone Asia/Jerusalem --window 1h --out jan
      floorwatch simulate --duration 2h | floorwatch replay events - --out simulated
    """  # noqa: D301 - click's mark for text that it must not wrap
    from stream.reports.job import Job

    job = Job(
        source=source,
        files=tuple(files),
        out=out,
        window=window,
        zone=zone,
        arrival=arrival,
        config=config,
        roster=roster,
        from_ms=_instant_ms("--from", from_),
        to_ms=_instant_ms("--to", to),
    )
    with _progress() as show:
        line = job.run(show)
    typer.echo(line, err=True)


def _instant_ms(option: str, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        msg = f"{option} '{text}'; allowed: RFC 3339 with an offset, as 2026-03-02T08:00:00+08:00"
        raise ConfigurationError(msg)
    return round(moment.timestamp() * 1000)


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal; elsewhere a line for each step of the work, and every tenth of it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines()
        return
    columns = ("{task.description}", BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        tasks = {}

        def show(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bar.add_task(step, total=total or None)
            bar.update(tasks[step], completed=done)

        yield show


class _Lines:
    """Progress as plain lines on stderr, rarely."""

    def __init__(self) -> None:
        self._told: tuple[str, int] = ("", -1)

    def __call__(self, step: str, done: int, total: int) -> None:
        tenth = 10 * done // total if total else 0
        if (step, tenth) > self._told or step != self._told[0]:
            self._told = (step, tenth)
            share = f"{10 * tenth} %" if total else ""
            typer.echo(f"{step} {share}".rstrip(), err=True)
