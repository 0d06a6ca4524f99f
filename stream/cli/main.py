"""The command `floorwatch`: its commands, and errors as messages.

Exit status: 0 done; 2 bad usage or configuration; 3 an external service is unavailable; 130
interrupted; 1 anything else. Messages go to stderr, results to stdout.
"""

import errno
import io
import os
import sys
from collections.abc import Callable
from functools import wraps
from importlib.metadata import version
from typing import Annotated, Final

import typer

# These modules import at their top no more than their options need, so that --help is fast.
from stream.cli.check_config import check_config
from stream.cli.demo import demo
from stream.cli.dlq import retry, show
from stream.cli.grafana import GRAFANA, push
from stream.cli.replay import replay
from stream.cli.simulate import simulate
from stream.cli.topics import TOPICS, check, create
from stream.cli.worker import worker
from stream.errors import FloorwatchError

INTERRUPTED: Final = 130
NOT_WRITTEN: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""Errors of writing to an open file, such as stdout: the environment's, not a bug of ours."""

DLQ: Final = "Show dead letters, and send them again."

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit status: 0 done; 2 bad usage or configuration; 3 a service is unavailable; 1 else.",
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"floorwatch {version('floorwatch')}")
        raise typer.Exit


@app.callback()
def floorwatch(
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Show the version."),
    ] = False,
) -> None:
    """Monitor a call-centre floor in real time.

    \b
    Examples:
      floorwatch demo                            a simulated floor and a worker on this machine
      floorwatch check-config floorwatch.toml    validate the configuration
      floorwatch worker --config floorwatch.toml
      floorwatch simulate --help
      floorwatch replay events january.jsonl.gz --out january
    """  # noqa: D301 - click's mark for text that it must not wrap


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with its errors as messages on stderr and an exit status."""

    @wraps(command)
    def run(*arguments: object, **options: object) -> None:
        try:
            command(*arguments, **options)
        except FloorwatchError as error:
            typer.echo(f"floorwatch: {error}", err=True)
            raise typer.Exit(error.exit_status) from None
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # The reader of our output has closed it, as `head` does: there is nobody to report to.
            _drop_output()
            raise typer.Exit(1) from None

    return run


# --help of check-config lists every key, so the command makes it itself, on demand.
app.command("check-config", context_settings={"help_option_names": []})(guarded(check_config))
for _command in (worker, simulate, replay, demo):
    app.command()(guarded(_command))
dlq = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=DLQ)
dlq.command()(guarded(show))
dlq.command()(guarded(retry))
app.add_typer(dlq, name="dlq")
topics = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=TOPICS)
topics.command()(guarded(create))
topics.command()(guarded(check))
app.add_typer(topics, name="topics")
grafana = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=GRAFANA)
grafana.command()(guarded(push))
app.add_typer(grafana, name="grafana")


@grafana.callback()
def _boards() -> None:
    """Keep `push` a subcommand: a single command would become the group itself."""


def _drop_output() -> None:
    """Discard what is still buffered, or Python reports an error at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    """Run the command line and end the process with its exit status."""
    for stream in (sys.stdout, sys.stderr):
        # Names and texts hold any character, whatever the locale says; files are UTF-8 anyway.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        app(prog_name="floorwatch")
    except OSError as error:
        if error.errno not in NOT_WRITTEN or error.filename is not None:
            raise
        _drop_output()
        typer.echo(f"floorwatch: cannot write the output: {os.strerror(error.errno)}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
