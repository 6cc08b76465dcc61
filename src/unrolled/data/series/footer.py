"""Notes below a table, in the place of the time."""

from collections.abc import Sequence

import numpy as np

from unrolled.data.series.cells import Cells, is_blank
from unrolled.data.series.stamps import read_forms
from unrolled.extras import extra
from unrolled.wording import counted

with extra("forecast", "a forecaster"):
    import pandas as pd

FOOTER = 10
"""Lines below a table that may be notes."""


def without_footer(
    cells: Cells, texts: "pd.Series[str]", names: Sequence[str]
) -> "tuple[Cells, pd.Series[str]]":
    """Leave out the last lines if all they hold is a text where the time would be."""
    others = [c for n, c in zip(cells.names, cells.columns, strict=True) if n not in names]
    end = len(texts)
    while end > 1 and len(texts) - end < FOOTER and all(is_blank(c.iloc[end - 1]) for c in others):
        last = texts.iloc[end - 1]
        if isinstance(last, str) and read_forms(texts.iloc[end - 1 : end]):
            break
        end -= 1
    if end == len(texts) or not others:
        return cells, texts
    kept = np.arange(len(texts)) < end
    count = len(texts) - end
    said = f"{counted(count, 'line')} below the table left out, the last {texts.iloc[-1]!r:.60}"
    return cells.keep(kept, said), texts[kept]
