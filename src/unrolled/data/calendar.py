"""What a time stamp tells, in its own zone: hour, weekday, month and season, known for steps to come."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from unrolled.data.series import Numbers
from unrolled.errors import DataError

KINDS = {"hour": 24, "weekday": 7, "month": 12, "day-of-year": 4}
"""Features of each name: the first three are one-hot, day-of-year is two waves a year."""


def calendar_features(index: Any, names: Sequence[str]) -> Numbers:
    """Return (N, features) of time stamps.

    Raises:
        DataError: if a stamp is unknown (beyond a table without a frequency).
    """
    if names and (index.hasnans or not hasattr(index, "hour")):
        raise DataError(
            f"calendar={tuple(names)}: steps to come have no time stamps, since each row is a step; leave "
            "calendar out"
        )
    parts = [_feature(index, name) for name in names]
    return np.concatenate([np.empty((len(index), 0)), *parts], axis=1)


def _feature(index: Any, name: str) -> Numbers:
    if name == "day-of-year":
        angle = 2 * np.pi * (index.day_of_year.to_numpy() - 1) / 365.25
        return np.stack([wave(k * angle) for k in (1, 2) for wave in (np.sin, np.cos)], axis=1)
    place = {"hour": index.hour, "weekday": index.day_of_week, "month": index.month - 1}[name]
    return np.asarray(np.eye(KINDS[name])[place.to_numpy()])
