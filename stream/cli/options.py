"""Options that several commands have."""

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream.errors import ConfigurationError

if TYPE_CHECKING:
    from stream.config import Settings

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Configuration; floorwatch.toml in this directory if left out.",
    ),
]


def read_settings(config: Path | None) -> "Settings":
    """The configuration from the file and this process's environment.

    Raises:
        ConfigurationError: with a line for each thing that is wrong.
    """
    from stream.config import load_settings

    return load_settings(config, os.environ)


def instant_ms(option: str, text: str | None) -> int | None:
    """The instant that an option names; None if it was not given.

    Raises:
        ConfigurationError: it is no RFC 3339 with an offset.
    """
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
