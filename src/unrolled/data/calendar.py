"""Calendar features of time stamps in their time zone: hour, weekday, month and day of the year."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from unrolled.data.series import Numbers
from unrolled.errors import DataError

KINDS = {"hour": 24, "weekday": 7, "month": 12, "day-of-year": 4}
"""Number of features per name: the first three are one-hot, day-of-year is two pairs of sine and cosine."""


def calendar_features(index: Any, names: Sequence[str]) -> Numbers:
    """Return the calendar features of N time stamps, (N, features).

    Raises:
        DataError: if a time stamp is unknown (future steps without a frequency), or steps are only numbered.
    """
    if names and (index.hasnans or not hasattr(index, "hour")):
        raise DataError(
            f"calendar={tuple(names)}: future steps have no time stamps, since each row is a step; leave "
            "calendar out"
        )
    parts = [_feature(index, name) for name in names]
    return np.concatenate([np.empty((len(index), 0)), *parts], axis=1)


def _feature(index: Any, name: str) -> Numbers:
    if name == "day-of-year":
        angle = 2 * np.pi * (index.day_of_year.to_numpy() - 1) / 365.25
        return np.stack([wave(k * angle) for k in (1, 2) for wave in (np.sin, np.cos)], axis=1)
    value = {"hour": index.hour, "weekday": index.day_of_week, "month": index.month - 1}[name]
    return np.asarray(np.eye(KINDS[name])[value.to_numpy()])
