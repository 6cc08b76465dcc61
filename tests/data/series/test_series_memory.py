"""Data in memory: arrays, lists, Series and DataFrames, with every kind of index."""

import datetime

import numpy as np
import pandas as pd
import pytest

from unrolled.data.series import ColumnsConfig, TimeRulesConfig
from unrolled.data.series_tables import read_series
from unrolled.errors import DataError

Y = np.arange(20.0) ** 1.5
TWENTY = pd.date_range("2001-01-01", periods=20, freq="MS")


def read(source, columns=None, rules=None):
    return read_series(source, columns or ColumnsConfig(), rules or TimeRulesConfig())


def names(data):
    return [s.name for s in data.series]


@pytest.mark.parametrize(
    "source", [Y, Y.tolist(), tuple(Y), Y.astype(np.float32), Y.astype(int), pd.Series(Y)]
)
def test_numbers_are_one_series(source):
    data = read(source)
    assert names(data) == ["value"]
    np.testing.assert_allclose(data.series[0].target, np.asarray(source, float))
    assert data.series[0].future(2).equals(pd.RangeIndex(20, 22))


@pytest.mark.parametrize("source", [np.stack([Y, -Y], 1), [[a, -a] for a in Y]])
def test_columns_of_an_array_are_series(source):
    assert names(read(source)) == ["1", "2"]
    assert names(read(pd.DataFrame(source, columns=["a", "b"]))) == ["a", "b"]


def test_missing_numbers_in_memory():
    y = np.where(np.arange(100) == 5, np.nan, np.arange(100.0))
    assert read(y).series[0].target[5] == 5.0
    assert read([None if n == 5 else n for n in range(100)]).series[0].notes.filled == 1


@pytest.mark.parametrize(
    ("index", "future"),
    [
        (pd.RangeIndex(20), pd.RangeIndex(20, 23)),
        (pd.RangeIndex(100, 140, 2), pd.RangeIndex(140, 146, 2)),
        (pd.Index(range(1949, 1969)), pd.RangeIndex(1969, 1972)),
        (pd.period_range("2001-01", periods=20, freq="M"), pd.period_range("2002-09", periods=3, freq="M")),
        (pd.period_range("2001Q1", periods=20, freq="Q"), pd.period_range("2006Q1", periods=3, freq="Q")),
        (pd.period_range("2001", periods=20, freq="Y"), pd.period_range("2021", periods=3, freq="Y")),
        (TWENTY + pd.offsets.MonthEnd(0), pd.date_range("2002-09-30", periods=3, freq="ME")),
        (TWENTY.tz_localize("Asia/Tokyo"), pd.date_range("2002-09", periods=3, freq="MS", tz="Asia/Tokyo")),
        ([datetime.date(2001, 1, n) for n in range(1, 21)], pd.date_range("2001-01-21", periods=3)),
        ([f"{n:02d}.01.2001" for n in range(1, 21)], pd.date_range("2001-01-21", periods=3)),
    ],
)  # fmt: skip
def test_the_forecast_has_an_index_of_the_same_kind(index, future):
    for source in (pd.Series(Y, index=index, name="y"), pd.DataFrame({"y": Y, "z": -Y}, index=index)):
        data = read(source)
        assert names(data) == ["y", "z"][: len(data.series)]
        for s in data.series:
            assert type(s.future(3)) is type(future)
            assert s.future(3).equals(future)
            assert s.future(3).name in ("time", "step")


def test_a_column_of_times_comes_before_a_plain_index():
    frame = pd.DataFrame({"ds": pd.date_range("2001-01-01", periods=20), "y": Y})
    for column in (frame.ds, frame.ds.astype(str), frame.ds.dt.to_period("D")):
        data = read(frame.assign(ds=column))
        assert (data.columns.time, names(data)) == ("ds", ["y"])
        assert data.series[0].axis.frequency == "D"


def test_long_form_in_memory():
    frame = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": pd.date_range("2001-01-01", periods=20), "y": Y})
        for name in "ab"
    )
    assert names(read(frame)) == ["a", "b"]


def test_later_data_may_have_another_shape():
    months = pd.date_range("2001-01-01", periods=20, freq="MS")
    first = read(pd.DataFrame({"when": months.astype(str), "sales": Y}))
    later = read(pd.Series(Y, index=months, name="sales"), first.columns, first.rules)
    assert later.series[0].index.equals(months)
    unnamed = read(Y, first.columns, first.rules)
    assert (names(unnamed), unnamed.series[0].axis.shown) == (["sales"], "steps")
    with pytest.raises(DataError, match=r"no column 'sales' .*'costs'|no column 'sales'"):
        read(pd.Series(Y, index=months, name="costs"), first.columns, first.rules)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"y": [1.0]}, r"an array \(T,\) or \(T, F\), or a list of numbers, not a dict"),
        (3.5, "not a float"),
        (np.zeros((2, 3, 4)), r"must have the shape \(T,\) or \(T, F\), not \(2, 3, 4\)"),
        (["a", "b"], "a list must contain T numbers, or T rows of F numbers"),
        ([[1.0], [1.0, 2.0]], "a list must contain T numbers"),
        (pd.DataFrame(), "holds no rows"),
        ([], "no numbers"),
        (pd.DataFrame({"y": Y}, index=pd.MultiIndex.from_arrays([["a"] * 20, range(20)])), "reset_index"),
    ],
)
def test_other_shapes_are_refused(source, message):
    with pytest.raises(DataError, match=message):
        read(source)
