"""Calendar features: one-hot, waves for the day of the year, and errors if stamps are unknown."""

import numpy as np
import pandas as pd
import pytest

from unrolled.data.calendar import KINDS, calendar_features
from unrolled.errors import DataError


def test_one_hot_features():
    index = pd.DatetimeIndex(["2024-02-29 13:00", "2024-12-01 00:00"])
    features = calendar_features(index, ("hour", "weekday", "month"))
    assert features.shape == (2, 24 + 7 + 12)
    assert (features.sum(axis=1) == 3).all()
    assert features[0, 13] == features[0, 24 + 3] == features[0, 31 + 1] == 1
    assert features[1, 0] == features[1, 24 + 6] == features[1, 31 + 11] == 1


def test_the_day_of_the_year_has_the_period_of_a_year():
    features = calendar_features(
        pd.DatetimeIndex(["2021-03-01", "2022-03-01", "2021-09-01"]), ("day-of-year",)
    )
    assert np.allclose(features[0], features[1])
    assert abs(features[0] - features[2]).max() > 0.5
    assert features.shape[1] == KINDS["day-of-year"]


def test_no_features():
    assert calendar_features(pd.date_range("2020", periods=4), ()).shape == (4, 0)


def test_unknown_stamps_have_no_calendar():
    index = pd.DatetimeIndex(["2021-03-01", pd.NaT])
    with pytest.raises(DataError, match="each row is a step"):
        calendar_features(index, ("month",))
    assert calendar_features(index, ()).shape == (2, 0)
