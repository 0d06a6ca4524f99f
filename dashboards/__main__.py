"""Writes the boards as JSON: ``python -m dashboards``."""

from pathlib import Path
from typing import Final

from dashboards.boards import BOARDS
from dashboards.files import texts

FOLDER: Final = Path(__file__).resolve().parent / "grafana"


def main() -> None:
    """Write all of them, and remove what is no board any more."""
    wanted = texts(BOARDS)
    for path in FOLDER.rglob("*.json"):
        if str(path.relative_to(FOLDER)) not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
