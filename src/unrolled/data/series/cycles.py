"""Columns that number the steps of a season, but name no year: 1-01 for a first month, Jan, Mon."""

from typing import NamedTuple

import numpy as np

from unrolled.extras import extra

with extra("forecast", "a forecaster"):
    import pandas as pd

_ORDER = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: number for number, name in enumerate(_ORDER, 1)}
"""Numbers of months by the first letters of their names."""
NAMES_OF_MONTHS = MONTHS | {
    **{"mär": 3, "mae": 3, "mrz": 3, "mai": 5, "okt": 10, "dez": 12},
    **{"ene": 1, "abr": 4, "ago": 8, "dic": 12},
}
"""The same with those of German and Spanish."""
_NAMES = {
    12: list(MONTHS),
    7: ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    4: ["q1", "q2", "q3", "q4"],
}
_WORD = {12: "months", 7: "days of a week", 4: "quarters"}


class Cycle(NamedTuple):
    """The season that a column counts."""

    season: int
    what: str


def cycle_of(texts: "pd.Series[str]") -> Cycle | None:
    """Return the season of a column whose rows follow each other without a gap; None if it has none."""
    if len(texts) < 3 or texts.isna().any():
        return None
    for season, names in _NAMES.items():
        place = texts.str.lower().str[: len(names[0])].map({n: i for i, n in enumerate(names)})
        if place.notna().all():
            steps = np.diff(place.to_numpy())
            return Cycle(season, _WORD[season]) if bool(((steps - 1) % season == 0).all()) else None
    hours = pd.to_numeric(texts.str.extract(r"^(\d{1,2}):00(?::00)?$")[0])
    if hours.notna().all():
        return Cycle(24, "hours of a day") if bool(((np.diff(hours) - 1) % 24 == 0).all()) else None
    parts = texts.str.extract(r"^(\d{1,3})[-/.](\d{1,2})$")
    if parts.isna().to_numpy().any():
        return None
    year, place = (pd.to_numeric(parts[i]).to_numpy() for i in (0, 1))
    season = int(place.max())
    if season not in (4, 12) or place.min() < 1 or not (np.diff(year * season + place) == 1).all():
        return None
    return Cycle(season, f"{_WORD[season]} of numbered years")
