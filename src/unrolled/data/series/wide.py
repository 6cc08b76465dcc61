"""Tables whose header holds the dates and whose rows are the series, turned into long form."""

import numpy as np

from unrolled.data.series.cells import FEWEST_DATES, Cells, has_dates
from unrolled.data.series.stamps import read_forms
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

TIME, VALUE = "time", "value"
"""Names of the columns that hold the header and the cells."""


def turn_dates_down(cells: Cells) -> Cells:
    """Return a table with a row for each date of the header and each row, if the header ends with dates.

    The columns before the first date stay; they name the series.
    """
    if not cells.has_header or not has_dates(cells.names):
        return cells
    dated = read_forms(pd.Series(cells.names, dtype=object))[0].values.notna().to_numpy()
    first = len(dated) - int(np.argmin(dated[::-1])) if not dated.all() else 0
    if not first or len(dated) - first < FEWEST_DATES:
        return cells
    rows, dates = len(cells.lines), cells.names[first:]
    kept = [c.loc[c.index.repeat(len(dates))].reset_index(drop=True) for c in cells.columns[:first]]
    values = np.stack([c.to_numpy(dtype=object) for c in cells.columns[first:]], axis=1).ravel()
    columns = [*kept, pd.Series(dates * rows, dtype=object), pd.Series(values, dtype=object)]
    lines = [line for line in cells.lines for _ in dates]
    note = f"the header holds {len(dates)} dates, {dates[0]} to {dates[-1]}: each row is a series"
    return Cells(
        cells.where,
        [*cells.names[:first], TIME, VALUE],
        columns,
        lines,
        decimal=cells.decimal,
        notes=(*cells.notes, note),
    )
