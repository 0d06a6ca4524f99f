"""`floorwatch grafana`: push boards to a Grafana that cannot read them from files."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from stream.errors import ConfigurationError, InputError

if TYPE_CHECKING:
    from stream.notify.grafana import BoardStep

GRAFANA: Final = """Manage boards in Grafana.

Not needed where Grafana provisions boards from files: see deploy/grafana/provisioning.
"""


def push(
    url: Annotated[
        str, typer.Option("--url", envvar="GRAFANA_URL", help="Address of Grafana, http(s)://…")
    ] = "http://127.0.0.1:3000",
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", help="File with the token of a service account."),
    ] = None,
    language: Annotated[
        str, typer.Option("--language", help="Language of the boards: en, zh or both.")
    ] = "both",
    folder: Annotated[str, typer.Option("--folder", help="Title of the folder.")] = "Floorwatch",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the differences, and change nothing.")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", help="Seconds per request.", min=0.1, max=300)
    ] = 10.0,
) -> None:
    """Push the boards to Grafana; unchanged boards are left alone.

    The token of a service account (role Editor) comes from GRAFANA_TOKEN or a file, never from the
    command line, where other users could see it.

    \b
    Examples:
      GRAFANA_TOKEN=… floorwatch grafana push --url https://grafana.example.com --dry-run
      floorwatch grafana push --token-file /run/secrets/grafana --language zh
    """  # noqa: D301 - click's mark for text that it must not wrap
    from stream.config.values import has_host
    from stream.notify.grafana import Change, GrafanaClient

    if language not in ("en", "zh", "both"):
        raise ConfigurationError(f"--language '{language}'; allowed: en, zh, both")
    if not url.startswith(("http://", "https://")) or not has_host(url):
        raise ConfigurationError(
            f"--url '{url}'; allowed: http:// or https://, a host and a port of 1 to 65535"
        )
    boards = _boards(("en", "zh") if language == "both" else (language,))
    client = GrafanaClient(url, _token(token_file), timeout)
    steps = client.plan(boards) if dry_run else client.push(boards, folder)
    for step in steps:
        typer.echo(_line(step, dry_run=dry_run))
        if dry_run and step.diff:
            typer.echo(step.diff)
    pushed = sum(step.change is not Change.unchanged for step in steps)
    verb = "would be pushed" if dry_run else "pushed"
    typer.echo(f"{pushed} of {len(steps)} boards {verb}", err=True)


def _line(step: "BoardStep", *, dry_run: bool) -> str:
    mark = {"new": "+", "changed": "~", "unchanged": "="}[step.change]
    return f"{mark} {step.uid}: {step.change}{' (nothing was changed)' if dry_run else ''}"


def _token(path: Path | None) -> str:
    if path is not None:
        try:
            token = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "not UTF-8"
            raise InputError(f"--token-file {path}: {why.lower()}") from None
    else:
        token = os.environ.get("GRAFANA_TOKEN", "")
    if not token or not token.isascii() or not token.isprintable():
        where = "GRAFANA_TOKEN" if path is None else f"--token-file {path}"
        raise ConfigurationError(f"{where}: the token of a service account is required")
    return token


def _boards(languages: tuple[str, ...]) -> list[dict[str, Any]]:
    folder = boards_folder()
    return [
        json.loads(path.read_text(encoding="utf-8"))
        for language in languages
        for path in sorted((folder / language).glob("*.json"))
    ]


def boards_folder() -> Path:
    """Folder of the boards: in the wheel beside the program, or in the source tree."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "boards", package.parent / "dashboards" / "grafana"):
        if folder.is_dir():
            return folder
    raise InputError("this installation has no boards; install the wheel, or run from the source")
