"""docs/compatibility.md says what torch's tools do with the layers: each of its cells is run here."""

import pytest

import compatibility
from numerics import needs_extension

pytestmark = needs_extension

CELLS = [(title, column) for title in compatibility.CHECKS for column in compatibility.COLUMNS]


@pytest.mark.parametrize(("title", "column"), CELLS)
def test_the_page_says_what_happens(title: str, column: str) -> None:
    place = list(compatibility.COLUMNS).index(column)
    try:
        found = compatibility.words(title, column)
    except compatibility.MissingTool as missing:
        pytest.skip(str(missing))
    assert compatibility.written()[title][place] == found


def test_the_page_has_every_row_once_and_no_other() -> None:
    assert list(compatibility.written()) == list(compatibility.CHECKS)
