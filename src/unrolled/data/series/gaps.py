"""Numbers and time stamps that are missing: filled by a stated rule, or refused."""

from collections.abc import Sequence

import numpy as np

from unrolled.data.series.config import TimeRulesConfig
from unrolled.errors import DataError
from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

FEW = 0.05
"""Share of the steps that may be missing and are filled without being asked."""
SHORT = 3
"""Steps of a gap that is short, where a season is shorter."""
SHARE = 0.01
"""The same as a share of all steps."""
SHOWN = 3


def fill(
    rows: pd.DataFrame, needed: np.ndarray, rules: TimeRulesConfig, season: int, where: str
) -> tuple[pd.DataFrame, int]:
    """Fill the empty numbers of an even grid; return the grid and how many were filled.

    Args:
        rows: a number of each column for each step, NaN where there is none.
        needed: of the same shape, where a number must be.
        rules: how to fill.
        season: steps of the usual season, the longest gap that is filled without being asked.
        where: names the series in errors.

    Raises:
        DataError: if the rule refuses what is missing, or there is nothing to fill it from.
    """
    empty = rows.isna().to_numpy() & needed
    if not empty.any():
        return rows, 0
    _check(rows.index, empty, rules, season, where)
    filled = rows.ffill() if rules.missing == "forward" else rows.interpolate(method="linear").ffill()
    left = filled.isna().to_numpy() & needed
    if left.any():
        column = rows.columns[int(np.argmax(left.any(axis=0)))]
        raise DataError(
            f"{where}: column {column!r} is empty at the beginning ({some(rows.index[left.any(axis=1)])}), "
            "where there is nothing to fill it from; leave those rows out"
        )
    return filled, int(empty.sum())


def some(stamps: Sequence[object]) -> str:
    """Name the first of some time stamps."""
    unique = list(dict.fromkeys(str(s).removesuffix(" 00:00:00") for s in stamps[: 10 * SHOWN]))
    return ", ".join(unique[:SHOWN]) + (", …" if len(unique) > SHOWN else "")


def _check(index: pd.Index, empty: np.ndarray, rules: TimeRulesConfig, season: int, where: str) -> None:
    if rules.missing in ("interpolate", "forward"):
        return
    lacking: np.ndarray = np.asarray(empty.any(axis=1))
    count, longest, allowed = (
        int(lacking.sum()),
        _longest_run(lacking),
        max(season, SHORT, int(SHARE * len(index))),
    )
    if rules.missing == "auto" and count <= FEW * len(index) and longest <= allowed:
        return
    few = ""
    if rules.missing == "auto":
        few = (
            f", {count / len(index):.0%} of all, the longest gap {longest:,} steps (up to {FEW:.0%} and gaps "
            f"of {allowed} steps are filled)"
        )
    raise DataError(
        f"{where}: {count:,} time stamps lack a number ({some(index[lacking])}){few}; say what to do: "
        "missing=interpolate or forward, or frequency=rows where steps are not evenly spaced"
    )


def _longest_run(flags: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return int((edges[1::2] - edges[::2]).max(initial=0))
