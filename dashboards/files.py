"""The boards as files."""

import json
from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.model import LANGUAGES, Board
from dashboards.render import Renderer, uid_of


def texts(boards: Sequence[Board]) -> dict[str, str]:
    """JSON by the file's name below the folder of all boards."""
    return {
        f"{language}/{uid_of(board.name, language)}.json": _json(board, boards, language)
        for language in LANGUAGES
        for board in boards
    }


def _json(board: Board, boards: Sequence[Board], language: str) -> str:
    made = Renderer(board, boards, language).render()
    encoder = JSONEncoder(indent=2, sort_keys=True, ensure_ascii=False)
    document = json.loads(encoder.encode(made))
    _show_links(document)
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _show_links(document: dict[str, Any]) -> None:
    """The library puts every link into a menu that only Grafana 13 has, and there they hide."""
    for link in document["links"]:
        del link["placement"]
