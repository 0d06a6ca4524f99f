"""Cells of CSV files that begin like a formula are written as text, and read back as they were."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.cells import text_cell, text_of_cell
from stream.roster import parse_roster

WIDE = ("＝1", "－", "＋49", "＠sum")  # noqa: RUF001


@pytest.mark.parametrize("text", ["=1+1", "+49", "-2", "@sum", "\tx", "\rx", " =1", "'=1", *WIDE])
def test_what_a_spreadsheet_would_compute_begins_with_an_apostrophe(text: str) -> None:
    assert text_cell(text) == "'" + text


@pytest.mark.parametrize("text", ["", "ann", "a=b", "'t Hart", "12.5", "客服", "a-1"])
def test_all_other_texts_stay_as_they_are(text: str) -> None:
    assert text_cell(text) == text_of_cell(text) == text


@given(st.text(alphabet="'=+-@ ＝a\t", max_size=6))  # noqa: RUF001
def test_each_text_is_read_back_and_no_two_share_a_cell(text: str) -> None:
    assert text_of_cell(text_cell(text)) == text


def test_a_roster_holds_the_names_that_its_cells_stand_for() -> None:
    roster = parse_roster("agent,team,pool,name\n'=ann,'+red,'-sales,'@nn\n=bob,red,,\n", "r.csv")
    assert roster.team_at("=ann", 0) == "+red"
    assert roster.pool_of("+red") == "-sales"
    assert roster.display_names == {"=ann": "@nn"}
    assert roster.team_at("=bob", 0) == "red"
