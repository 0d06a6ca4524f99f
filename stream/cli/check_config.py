"""`floorwatch check-config`: validates a configuration, and documents every key."""

from pathlib import Path
from typing import Annotated

import typer

from stream.cli.options import read_settings


def _print_help(ctx: typer.Context, asked: bool) -> None:
    if asked:
        from stream.config.reference import describe

        typer.echo(f"{ctx.get_help()}\n\n{describe()}")
        raise typer.Exit


def check_config(
    file: Annotated[
        Path | None,
        typer.Argument(help="Configuration file; default: floorwatch.toml in this directory."),
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Print the settings in force; secrets are masked.")
    ] = False,
    _help: Annotated[
        bool,
        typer.Option(
            "--help", is_eager=True, callback=_print_help, help="Show this and every key, and exit."
        ),
    ] = False,
) -> None:
    """Validate a configuration, its roster and overrides from the environment.

    A variable FLOORWATCH_<SECTION>_<KEY>, such as FLOORWATCH_KAFKA_BROKERS or
    FLOORWATCH_REDIS_URL, overrides a key of a section. Durations are whole numbers with ms, s, m,
    h or d. The fingerprint of all rules, roster included, must be the same for all workers of a
    group. Warnings say what can never be reported with this configuration. A key whose feature
    this version does not have is an error.

    \b
    Examples:
      floorwatch check-config floorwatch.toml
      FLOORWATCH_WINDOWS_GRACE=2m floorwatch check-config --show floorwatch.toml
    """  # noqa: D301 - click's mark for text that it must not wrap
    settings = read_settings(file)
    from stream.clock import wall_ms
    from stream.config import reference
    from stream.config.advice import warnings
    from stream.config.load import DEFAULT_FILE, file_read, load_rules
    from stream.fingerprint import fingerprint

    spec, roster = load_rules(settings)
    if show:
        typer.echo(reference.show(settings))
    if file_read(file) is None:
        typer.echo(f"no {DEFAULT_FILE} in this directory; checked the defaults", err=True)
    message = f"good; rules {fingerprint(spec)}"
    if settings.roster.file:
        message += f"; roster of {len(roster.assignments)} agents"
    typer.echo(message, err=show)
    for line in warnings(settings, roster, wall_ms()):
        typer.echo(f"warning: {line}", err=show)
