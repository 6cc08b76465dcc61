"""Sample windows of series for inspection, with the time stamp of every step."""

from collections.abc import Sequence

import numpy as np

from unrolled.errors import DataError
from unrolled.tasks.base.sample import SampleSize
from unrolled.tasks.forecast.data import PreparedSeries
from unrolled.tasks.forecast.job import ForecastBatch, cut_pieces
from unrolled.tasks.forecast.score import format_stamp
from unrolled.tasks.forecast.split import Split

Part = tuple[PreparedSeries, int, int]
"""(series, begin, end): the rows [begin, end) of a series."""


def held_out_spans(splits: Sequence[Split]) -> list[Part]:
    """Return the part of each series after the training part; series without such a part are omitted."""
    parts = [(s.series, max(s.train_end, s.series.first), s.series.series.steps) for s in splits]
    return [part for part in parts if part[2] > part[1]]


def cut_windows(
    parts: Sequence[Part], size: SampleSize, horizon: int
) -> tuple[ForecastBatch, list[list[str]]]:
    """Return windows of equal length spread evenly over the parts, and the time stamps of their steps.

    Raises:
        DataError: if a part has no complete row that is followed by another step.
    """
    parts = [(p, begin, end - (0 if p.recursive else 1)) for p, begin, end in parts[: size.rows]]
    for p, begin, end in parts:
        if begin >= end:
            raise DataError(
                f"series {p.series.name!r}: its {p.series.steps} steps are too few for a window: nothing "
                f"follows the first {p.first} steps, which difference and lags need"
            )
    shortest = min(end - begin for _, begin, end in parts)
    window_size = SampleSize(max(1, size.rows // len(parts)), min(size.steps, shortest))
    rows = []
    for p, begin, end in parts:
        begins, _ = window_size.windows(end - begin)
        rows += [(p, begin + int(b), end) for b in begins]
    names = [[format_stamp(stamp) for stamp in _stamps(p, begin, window_size.steps)] for p, begin, _ in rows]
    return cut_pieces(rows, window_size.steps, horizon), names


def _stamps(p: PreparedSeries, begin: int, steps: int) -> np.ndarray:
    stamps: np.ndarray = p.series.stamps(begin + steps)[begin:]
    return stamps
