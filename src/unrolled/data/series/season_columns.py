"""Columns that give the place in a season, but not the year: 1-01 (month of a numbered year), Jan, Mon."""

from typing import NamedTuple

import numpy as np

from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

_ORDER = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: number for number, name in enumerate(_ORDER, 1)}
"""Number of each month by the first letters of its English name."""
NAMES_OF_MONTHS = MONTHS | {
    **{"mär": 3, "mae": 3, "mrz": 3, "mai": 5, "okt": 10, "dez": 12},
    **{"ene": 1, "abr": 4, "ago": 8, "dic": 12},
}
"""The same with German and Spanish names."""
_NAMES = {
    12: list(MONTHS),
    7: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    4: ["q1", "q2", "q3", "q4"],
}
_WORD = {12: "months", 7: "days of a week", 4: "quarters"}


class Cycle(NamedTuple):
    """Season that a column counts: its length in steps and its description."""

    season: int
    description: str


def detect_cycle(texts: "pd.Series[str]") -> Cycle | None:
    """Return the season that a column counts without a gap; None if it does not count one."""
    if len(texts) < 3 or texts.isna().any():
        return None
    for season, names in _NAMES.items():
        positions = texts.str.lower().str[: len(names[0])].map({n: i for i, n in enumerate(names)})
        if positions.notna().all():
            steps = np.diff(positions.to_numpy())
            return Cycle(season, _WORD[season]) if bool(((steps - 1) % season == 0).all()) else None
    hours = pd.to_numeric(texts.str.extract(r"^(\d{1,2}):00(?::00)?$")[0])
    if hours.notna().all():
        return Cycle(24, "hours of a day") if bool(((np.diff(hours) - 1) % 24 == 0).all()) else None
    parts = texts.str.extract(r"^(\d{1,3})[-/.](\d{1,2})$")
    if parts.isna().to_numpy().any():
        return None
    year, positions = (pd.to_numeric(parts[i]).to_numpy() for i in (0, 1))
    season = int(positions.max())
    if season not in (4, 12) or positions.min() < 1 or not (np.diff(year * season + positions) == 1).all():
        return None
    return Cycle(season, f"{_WORD[season]} of numbered years")
