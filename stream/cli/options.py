"""Options that several commands have."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
