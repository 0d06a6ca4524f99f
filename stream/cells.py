"""Texts as cells of CSV files, which a spreadsheet must not take for formulas.

Excel, LibreOffice and Google Sheets compute a cell that begins with one of these characters, also
in double quotes; in Chinese and Japanese versions the wide forms count too. With an apostrophe
before it they show the text (OWASP, "CSV Injection").
"""

import re
from typing import Final

_FORMULA: Final = re.compile(r"'*\s*[=+\-@\t\r＝＋－＠]")  # noqa: RUF001 - the wide forms
_MARK: Final = "'"


def text_cell(text: str) -> str:
    """The cell of a text; of a text that looks like a formula, with an apostrophe before it."""
    return _MARK + text if _FORMULA.match(text) else text


def text_of_cell(cell: str) -> str:
    """The text of a cell that `text_cell` has made; any other cell is its own text."""
    is_marked = cell.startswith(_MARK) and _FORMULA.match(cell)
    return cell[len(_MARK) :] if is_marked else cell
