"""Every cell of the tables in docs/compatibility.md is checked by running it."""

import pytest

import compatibility
from numerics import needs_extension

pytestmark = needs_extension

SLOW = ("processes", "`torch.compile")
"""Beginnings of titles of checks that start processes or compile."""
CELLS = [
    pytest.param(title, column, marks=pytest.mark.slow if title.startswith(SLOW) else ())
    for title in compatibility.CHECKS
    for column in compatibility.COLUMNS
]


@pytest.mark.parametrize(("title", "column"), CELLS)
def test_the_page_describes_what_happens(title: str, column: str) -> None:
    index = list(compatibility.COLUMNS).index(column)
    try:
        outcome = compatibility.words(title, column)
    except compatibility.MissingTool as missing:
        pytest.skip(str(missing))
    assert compatibility.written()[title][index] == outcome


def test_the_page_has_every_row_once_and_no_other() -> None:
    assert list(compatibility.written()) == list(compatibility.CHECKS)
