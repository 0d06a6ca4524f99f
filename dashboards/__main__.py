"""Writes boards and rules: ``python -m dashboards``.

``python -m dashboards rules --config FILE --out FOLDER`` writes the rules with addresses and
thresholds of your own; dashboards/prometheus/config.py lists the keys of FILE, which is TOML.
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dashboards import files
from dashboards.boards import BOARDS
from dashboards.prometheus import files as rule_files
from dashboards.prometheus.config import DEFAULTS, load_config
from stream.errors import ConfigurationError

HERE: Final = Path(__file__).resolve().parent
BOARDS_FOLDER: Final = HERE / "grafana"
RULES_FOLDER: Final = HERE / "rules"


def main(arguments: list[str] | None = None) -> int:
    """Write what is asked for; 2 where the configuration is refused."""
    parser = argparse.ArgumentParser(prog="python -m dashboards", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    rules = commands.add_parser("rules", help="write the rules with a configuration of your own")
    rules.add_argument("--config", type=Path, required=True, help="TOML")
    rules.add_argument("--out", type=Path, required=True, help="the folder to write to")
    options = parser.parse_args(arguments)
    if options.command == "rules":
        try:
            config = load_config(options.config)
        except (ConfigurationError, OSError) as error:
            print(f"dashboards: {error}", file=sys.stderr)  # noqa: T201 - a command's message
            return 2
        write(options.out, rule_files.texts(config))
    else:
        replace(BOARDS_FOLDER, "*.json", files.texts(BOARDS))
        replace(RULES_FOLDER, "*.yml", rule_files.texts(DEFAULTS))
    return 0


def replace(folder: Path, pattern: str, wanted: Mapping[str, str]) -> None:
    """Write all files of the folder, and remove those that are no longer made."""
    for path in folder.rglob(pattern):
        if str(path.relative_to(folder)) not in wanted:
            path.unlink()
    write(folder, wanted)


def write(folder: Path, wanted: Mapping[str, str]) -> None:
    """Write texts by the file's name below the folder."""
    for name, text in wanted.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
