"""The rules for time stamps: order, repetition, frequency, gaps, missing values."""

import numpy as np
import pandas as pd
import pytest

from unrolled.data.series import TimeAxis, TimeRulesConfig
from unrolled.data.series.grid import Rows, even_series
from unrolled.errors import ConfigError, DataError

DAYS = pd.date_range("2020-01-01", periods=10, freq="D")


def grid(stamps, values, known=(), **rules):
    rows = pd.DataFrame({"target": np.asarray(values, float)}, index=pd.DatetimeIndex(stamps))
    for place, column in enumerate(known):
        rows[f"k{place}"] = np.asarray(column, float)
    names = [f"k{i}" for i in range(len(known))]
    every = [Rows("s", "series 's'", rows, names, [])]
    return even_series(every, TimeRulesConfig(**rules), TimeAxis())[0][0]


def test_rows_out_of_order_are_sorted_and_counted():
    s = grid(DAYS[[1, 0, 2, 4, 3]], [1, 0, 2, 4, 3])
    assert s.target.tolist() == [0, 1, 2, 3, 4]
    assert s.notes.out_of_order == 2
    assert s.notes.describe(TimeRulesConfig()) == ["2 rows were out of order: sorted"]


@pytest.mark.parametrize(("rule", "value"), [("mean", 3.0), ("first", 2.0), ("last", 4.0)])
def test_repeated_stamps(rule, value):
    stamps, values = DAYS[[0, 1, 1, 2]], [0, 2, 4, 5]
    with pytest.raises(DataError, match=r"1 row repeats a time stamp \(2020-01-02\).*duplicates=mean"):
        grid(stamps, values)
    s = grid(stamps, values, duplicates=rule)
    assert s.target.tolist() == [0, value, 5]
    assert s.notes.duplicates == 1


@pytest.mark.parametrize(("rule", "value"), [("interpolate", [2.0, 3.0]), ("forward", [1.0, 1.0])])
def test_missing_stamps_and_values(rule, value):
    stamps, values = DAYS[[0, 1, 3, 4, 5]], [0, 1, np.nan, 4, 5]
    with pytest.raises(DataError, match=r"2 time stamps lack a number \(2020-01-03, 2020-01-04\).*missing="):
        grid(stamps, values)
    s = grid(stamps, values, missing=rule)
    assert s.target.tolist() == [0, 1, *value, 4, 5]
    assert (s.notes.gaps, s.notes.missing, s.notes.filled) == (1, 1, 2)


def test_missing_values_at_both_ends_are_cut_and_counted():
    s = grid(DAYS, [np.nan, *range(8), np.nan])
    assert s.target.tolist() == list(range(8))
    assert s.notes.cut == 2


def test_a_known_covariate_may_reach_beyond_the_target():
    s = grid(DAYS, [*range(7), np.nan, np.nan, np.nan], known=[[*range(9), np.nan]])
    assert (s.steps, len(s.index), len(s.known)) == (7, 9, 9)
    assert s.notes.cut == 1


def test_a_covariate_that_begins_empty_is_refused():
    with pytest.raises(DataError, match="column 'k0' is empty at the beginning"):
        grid(DAYS, range(10), known=[[np.nan, *range(9)]], missing="interpolate")


@pytest.mark.parametrize(
    ("freq", "expected"),
    [
        *((name, name) for name in ("D", "7D", "h", "15min", "MS", "ME", "B")),
        ("QS", "QS-JAN"),
        ("YS", "YS-JAN"),
    ],
)
def test_frequencies_are_inferred_even_with_gaps(freq, expected):
    stamps = pd.date_range("2019-01-01", periods=60, freq=freq)
    kept = stamps.delete([7, 8, 31])
    s = grid(kept, range(57), missing="forward")
    assert s.index.freqstr == expected
    assert s.notes.gaps == 3
    assert s.index.equals(stamps)


def test_months_on_the_15th():
    stamps = pd.date_range("2019-01-15", periods=30, freq=pd.DateOffset(months=1))
    assert grid(stamps, range(30)).index.equals(stamps)


def test_uneven_stamps_name_the_first_off_the_grid():
    stamps = [*DAYS[:6], pd.Timestamp("2020-01-07 05:00"), pd.Timestamp("2020-01-08 05:00")]
    with pytest.raises(DataError, match=r"most are 1 days.*2 are off that grid \(2020-01-07 05:00:00"):
        grid(stamps, range(8))
    s = grid(stamps, range(8), frequency="rows")
    assert s.steps == 8
    assert s.index.freq is None
    assert s.stamps(10)[8:].hasnans
    with pytest.raises(DataError, match="not at frequency 'D': 2020-01-07 05:00"):
        grid(stamps, range(8), frequency="D")


def test_two_stamps_are_too_few_for_a_frequency():
    with pytest.raises(DataError, match="give it: frequency"):
        grid(DAYS[:2], [1, 2])
    assert grid(DAYS[:2], [1, 2], frequency="D").steps == 2


def test_invalid_frequencies_are_refused():
    with pytest.raises(DataError, match="frequency='fortnightly': is not a frequency"):
        grid(DAYS, range(10), frequency="fortnightly")
    with pytest.raises(ConfigError, match="spaces"):
        TimeRulesConfig(frequency=" D")


def test_stamps_continue_beyond_the_table():
    s = grid(pd.date_range("2020-11-01", periods=3, freq="MS"), range(3))
    assert [str(t)[:7] for t in s.stamps(5)] == ["2020-11", "2020-12", "2021-01", "2021-02", "2021-03"]
