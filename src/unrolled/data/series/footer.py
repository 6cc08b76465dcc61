"""Remove notes below a table, written in the time column."""

from collections.abc import Sequence

import numpy as np

from unrolled.data.series.cells import Cells, is_blank
from unrolled.data.series.stamps import read_forms
from unrolled.extras import extra
from unrolled.wording import counted

with extra("forecast", "a forecaster"):
    import pandas as pd

FOOTER = 10
"""Maximum number of lines below a table that may be notes."""


def drop_footer(
    cells: Cells, texts: "pd.Series[str]", names: Sequence[str]
) -> "tuple[Cells, pd.Series[str]]":
    """Remove the last rows if their only content is a text in the time columns that is not a time."""
    others = [c for n, c in zip(cells.names, cells.columns, strict=True) if n not in names]
    end = len(texts)
    while end > 1 and len(texts) - end < FOOTER and all(is_blank(c.iloc[end - 1]) for c in others):
        last = texts.iloc[end - 1]
        if isinstance(last, str) and read_forms(texts.iloc[end - 1 : end]):
            break
        end -= 1
    if end == len(texts) or not others:
        return cells, texts
    keep = np.arange(len(texts)) < end
    count = len(texts) - end
    note = f"{counted(count, 'line')} below the table left out, the last {texts.iloc[-1]!r:.60}"
    return cells.keep(keep, note), texts[keep]
