"""Counts with their nouns in singular or plural."""

import numpy as np
import pytest

from unrolled.wording import counted


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0 rows"),
        (1, "1 row"),
        (1200, "1,200 rows"),
        (np.int64(1_000_000), "1,000,000 rows"),
        (1.0, "1 row"),
        (1.5, "1.5 rows"),
    ],
)
def test_singular_and_plural(number, written):
    assert counted(number, "row") == written


def test_an_irregular_plural():
    assert [counted(n, "series", "series") for n in (1, 2)] == ["1 series", "2 series"]
