"""Options that several commands share."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stream.errors import ConfigurationError
from stream.units import parse_instant_ms

if TYPE_CHECKING:
    from stream.config import Settings

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Configuration file; default: floorwatch.toml in this directory.",
    ),
]


def read_settings(config: Path | None) -> "Settings":
    """The configuration from the file and this process's environment.

    Raises:
        ConfigurationError: with one line per error.
    """
    from stream.config import load_settings

    return load_settings(config, os.environ)


def instant_ms(option: str, text: str | None) -> int | None:
    """The instant of an option; None if it was not given.

    Raises:
        ConfigurationError: it is not RFC 3339 with an offset.
    """
    if text is None:
        return None
    try:
        return parse_instant_ms(text)
    except ValueError as error:
        raise ConfigurationError(f"{option} {error}") from None
