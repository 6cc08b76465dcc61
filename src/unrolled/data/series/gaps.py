"""Fill missing numbers and time stamps by the given rule, or raise an error."""

from collections.abc import Sequence

import numpy as np

from unrolled.data.series.config import TimeRulesConfig
from unrolled.errors import DataError
from unrolled.extras import extra
from unrolled.wording import counted

with extra("forecast", "a forecaster"):
    import pandas as pd

FEW = 0.05
"""Maximum fraction of missing steps that ``auto`` fills."""
SHORT = 3
"""Maximum gap, in steps, that ``auto`` fills even if a season is shorter."""
SHORT_FRACTION = 0.01
"""The same as a fraction of all steps."""
SHOWN = 3


def fill(
    rows: pd.DataFrame, needed: np.ndarray, rules: TimeRulesConfig, season: int, where: str
) -> tuple[pd.DataFrame, int]:
    """Fill the missing numbers of an even grid; return the grid and the number of filled values.

    Args:
        rows: numbers of each step and column, NaN for missing ones.
        needed: mask of the same shape, True where a number is required.
        rules: how to fill.
        season: steps per season, the longest gap that ``auto`` fills.
        where: name of the series in errors.

    Raises:
        DataError: if the rule does not allow the gaps, or the first values are missing.
    """
    empty = rows.isna().to_numpy() & needed
    if not empty.any():
        return rows, 0
    _check_rule(rows.index, empty, rules, season, where)
    filled = rows.ffill() if rules.missing == "forward" else rows.interpolate(method="linear").ffill()
    still_empty = filled.isna().to_numpy() & needed
    if still_empty.any():
        column = rows.columns[int(np.argmax(still_empty.any(axis=0)))]
        stamps = list_stamps(rows.index[still_empty.any(axis=1)])
        raise DataError(
            f"{where}: column {column!r} is empty at the beginning ({stamps}): there is no earlier "
            "value to fill it from; leave those rows out"
        )
    return filled, int(empty.sum())


def list_stamps(stamps: Sequence[object]) -> str:
    """Return the first time stamps as text."""
    unique = list(dict.fromkeys(str(s).removesuffix(" 00:00:00") for s in stamps[: 10 * SHOWN]))
    return ", ".join(unique[:SHOWN]) + (", …" if len(unique) > SHOWN else "")


def _check_rule(index: pd.Index, empty: np.ndarray, rules: TimeRulesConfig, season: int, where: str) -> None:
    if rules.missing in ("interpolate", "forward"):
        return
    lacking: np.ndarray = np.asarray(empty.any(axis=1))
    count, longest, allowed = (
        int(lacking.sum()),
        _longest_run(lacking),
        max(season, SHORT, int(SHORT_FRACTION * len(index))),
    )
    if rules.missing == "auto" and count <= FEW * len(index) and longest <= allowed:
        return
    limits = ""
    if rules.missing == "auto":
        limits = (
            f", {count / len(index):.0%} of all, the longest gap {counted(longest, 'step')} (up to {FEW:.0%} "
            f"and gaps of {allowed} steps are filled)"
        )
    raise DataError(
        f"{where}: {counted(count, 'time stamp')} {'lacks' if count == 1 else 'lack'} a number "
        f"({list_stamps(index[lacking])}){limits}; choose "
        "missing=interpolate or forward, or frequency=rows if the steps are not evenly spaced"
    )


def _longest_run(flags: np.ndarray) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(int)))
    return int((edges[1::2] - edges[::2]).max(initial=0))
