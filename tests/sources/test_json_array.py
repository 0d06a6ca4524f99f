"""An array over the lines of a file, cut into its elements."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stream.sources.json_array import elements

LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text('ab"\\[]{},: é', max_size=6)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a[,", max_size=2), inner),
    max_leaves=6,
)


def numbered(text: bytes) -> list[tuple[int, bytes]]:
    return list(enumerate(text.splitlines(keepends=True), 1))


@given(st.lists(DOCUMENTS, max_size=5), st.sampled_from((0, orjson.OPT_INDENT_2)))
def test_elements_are_those_that_a_parser_of_the_whole_text_finds(
    documents: list[object], option: int
) -> None:
    text = orjson.dumps(documents, option=option)
    found = [orjson.loads(part) for _, part in elements(numbered(text)) if part.strip()]
    assert found == documents


def test_an_element_is_placed_where_it_begins() -> None:
    text = b'[\n{"a":1},\n\n{\n"b":2\n} , {"c":3}\n]\n'
    found = [(line, part.strip()) for line, part in elements(numbered(text)) if part.strip()]
    assert found == [(2, b'{"a":1}'), (4, b'{\n"b":2\n}'), (6, b'{"c":3}')]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (b'[\n{"a":1},\n{"a":"x\n,{"a":2}\n]', [b'{"a":1}', b'{"a":"x\n,{"a":2}\n]']),
        (b'[\n{"a":1},\n{"a":', [b'{"a":1}', b'{"a":']),
        (b'[\n1,\nx y,\n2]\n{"a":3}\n', [b"1", b"x y", b"2", b'{"a":3}']),
        (b"[\n1] 2\n", [b"1", b"2"]),
    ],
)
def test_what_is_broken_or_cut_is_an_element_and_what_follows_the_array_a_line(
    text: bytes, parts: list[bytes]
) -> None:
    found = [part.strip() for _, part in elements(numbered(text)) if part.strip()]
    assert found == parts
