"""`floorwatch replay`: runs recorded data through the current rules."""

from pathlib import Path
from typing import Annotated

import typer

from stream.cli.options import ConfigFile, instant_ms
from stream.cli.progress import progress
from stream.sources.registry import FORMATS

# A line each (\b: not wrapped), since wrapping would break a name at its hyphen.
_SOURCES = "\n".join(("Format of the files:\n\n\b", *FORMATS))
_LOCAL = [one.name for one in FORMATS.values() if one.needs_zone]


def replay(
    source: Annotated[str, typer.Argument(help=_SOURCES)],
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Plain or gzip; - is stdin.")
    ],
    out: Annotated[Path, typer.Option(help="Directory for the results; created if missing.")],
    zone: Annotated[
        str | None,
        typer.Option(
            metavar="IANA_NAME",
            help=f"Time zone of local times and windows; required for {', '.join(_LOCAL)}.",
        ),
    ] = None,
    window: Annotated[
        str, typer.Option(metavar="5m|15m|30m|1h|1d", help="Length of the tumbling windows.")
    ] = "15m",
    arrival: Annotated[
        bool,
        typer.Option(
            "--arrival",
            help="Keep the order of the files, and apply the live rules for late events.",
        ),
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
            help="Write only windows that end later, and alerts from here on.",
        ),
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="RFC3339", help="Ignore events from here on.")
    ] = None,
) -> None:
    """Run windows and control over recorded events, with event time as the clock.

    Writes agents.csv, teams.csv, alerts.jsonl, rejected.jsonl and summary.json (with --arrival
    also late.jsonl). The same input and configuration give byte-identical files. Unreadable rows
    are written to rejected.jsonl with their reason, and the run goes on; if no row can be read,
    the exit status is 1.

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
        from_ms=instant_ms("--from", from_),
        to_ms=instant_ms("--to", to),
    )
    with progress() as show:
        line = job.run(show)
    typer.echo(line, err=True)
