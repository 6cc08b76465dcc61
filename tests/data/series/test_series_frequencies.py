"""Frequencies: inferred from stamps, named, parsed from names, and continued beyond the last stamp."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unrolled.data.series import TimeAxis, TimeRulesConfig
from unrolled.data.series.frequency import parse_frequency
from unrolled.data.series.grid import Rows, even_series
from unrolled.data.series.inference import infer_frequency
from unrolled.errors import DataError

FEW = settings(max_examples=60, deadline=None)


def series(stamps, values=None, **rules):
    index = pd.DatetimeIndex(stamps)
    table = pd.DataFrame(
        {"target": np.arange(len(index)) if values is None else values}, index=index, dtype=float
    )
    return even_series([Rows("s", "series 's'", table, [], [])], TimeRulesConfig(**rules), TimeAxis())[0][0]


@FEW
@given(
    st.dates(pd.Timestamp("1900-01-01").date(), pd.Timestamp("2090-12-31").date()),
    st.sampled_from([1, 2, 3, 4, 6, 12]),
    st.integers(9, 30),
    st.booleans(),
)
def test_stamps_k_months_apart_keep_their_day(start, months, count, gap):
    start = pd.Timestamp(start)
    stamps = [start + pd.DateOffset(months=months * k) for k in range(count + 6)]
    past = stamps[:count]
    if gap:
        past = past[:4] + past[5:]
    s = series(past, missing="forward")
    assert list(s.index) == stamps[:count]
    assert list(s.future(6)) == stamps[count:]
    again = series(past, missing="forward", frequency=s.axis.frequency)
    assert list(again.future(6)) == stamps[count:]


@FEW
@given(
    st.sampled_from(["ME", "QE", "QE-JAN", "YE", "YE-JUN", "2ME"]), st.integers(4, 30), st.integers(0, 400)
)
def test_month_ends_stay_month_ends(freq, count, later):
    stamps = pd.date_range(
        pd.Timestamp("1999-01-01") + pd.DateOffset(months=later), periods=count + 5, freq=freq
    )
    s = series(stamps[:count])
    assert s.future(5).equals(stamps[count:].rename("time"))


@FEW
@given(
    st.sampled_from(
        ["min", "5min", "15min", "h", "6h", "D", "2D", "7D", "W-WED", "B", "MS", "QS-FEB", "YS-APR"]
    ),
    st.integers(15, 60),
    st.integers(0, 1000),
)
def test_pandas_frequencies_are_inferred(freq, count, later):
    stamps = pd.date_range(
        pd.Timestamp("2001-01-01 10:30") + pd.Timedelta(days=later), periods=count + 3, freq=freq
    )
    s = series(stamps[:count])
    assert s.future(3).equals(stamps[count:].rename("time"))
    assert s.index.freq is not None


@pytest.mark.parametrize(
    ("name", "season"),
    [("h", 24), ("15min", 96), ("45min", 32), ("24h", 7), ("D", 7), ("7D", 52), ("W", 52), ("W-MON", 52),
     ("B", 5), ("MS", 12), ("ME", 12), ("2MS", 6), ("QS", 4), ("QE-JAN", 4), ("YS", 1), ("M", 12),
     ("M-30", 12), ("Q", 4), ("3M-31", 4), ("SMS", 1)],
)  # fmt: skip
def test_names_and_seasons(name, season):
    frequency = parse_frequency(name)
    assert frequency.season == season
    assert parse_frequency(frequency.name).season == season


@pytest.mark.parametrize("name", ["fortnightly", "-1D", "0D", "M-32", "9" * 30 + "D"])
def test_invalid_frequencies_are_refused(name):
    with pytest.raises(DataError, match="is not a frequency; write h, D, B"):
        parse_frequency(name)


def test_one_week_of_weekdays_does_not_imply_a_weekday_frequency():
    week = pd.date_range("2024-01-01", periods=5, freq="D")
    assert infer_frequency([week]).frequency.name == "D"
    two = pd.bdate_range("2024-01-01", periods=10)
    assert infer_frequency([two]).frequency.name != "B"
    assert infer_frequency([pd.bdate_range("2024-01-01", periods=11)]).frequency.name == "B"


def test_weekdays_with_holidays_are_rows():
    stamps = pd.bdate_range("2020-01-01", "2021-12-31")
    kept = stamps[~stamps.strftime("%m-%d").isin(["01-01", "07-04", "07-05", "12-24", "12-25", "12-26"])]
    inferred = infer_frequency([kept])
    assert (inferred.frequency, inferred.season) == (None, 5)
    assert "weekdays without 5 holidays: each row is a step" in inferred.note
    assert infer_frequency([kept], steps=False).frequency.name == "B"


def test_opening_hours_are_rows():
    stamps = pd.date_range("2020-01-06", "2020-03-01", freq="h")
    shop = stamps[(stamps.hour >= 9) & (stamps.hour < 17) & (stamps.day_of_week < 6)]
    inferred = infer_frequency([shop])
    assert (inferred.frequency, inferred.season) == (None, 8)
    saturdays = pd.date_range("2020-01-06", "2020-06-01")
    inferred = infer_frequency([saturdays[saturdays.day_of_week < 6]])
    assert (inferred.frequency, inferred.season) == (None, 6)


def test_one_frequency_for_all_series():
    daily, weekly = pd.date_range("2020-01-01", periods=50), pd.date_range("2020-01-01", periods=8, freq="7D")
    assert infer_frequency([daily, weekly]).frequency.name == "D"
    uneven = pd.date_range("2020-01-01 10:00", periods=60, freq="17min")
    every = [
        Rows(name, f"series {name!r}", pd.DataFrame({"target": 1.0}, index=index), [], [])
        for name, index in (("A", daily), ("B", uneven))
    ]
    with pytest.raises(DataError, match=r"series 'B': is at frequency '17min', and series 'A' at 'D'"):
        even_series(every, TimeRulesConfig(), TimeAxis())


def test_a_mismatch_with_the_given_frequency_names_both():
    months, quarters = (pd.date_range("2000-01-01", periods=20, freq=f) for f in ("MS", "QS"))
    with pytest.raises(
        DataError, match=r"not at frequency 'QS-JAN'.*the series is at frequency 'MS'.*frequency='QS'"
    ):
        series(months, frequency="QS")
    with pytest.raises(
        DataError, match=r"20 time stamps are too few for 'MS'; the series is at frequency 'QS-JAN'"
    ):
        series(quarters, frequency="MS")
    assert series(quarters, frequency="MS", missing="forward").steps == 58


@pytest.mark.parametrize(
    ("missing", "fillable"),
    [
        ([5], True),
        ([5, 6, 7, 8, 9, 10, 11], True),
        (list(range(5, 13)), False),
        (list(range(0, 99, 9))[1:], False),
    ],
)
def test_few_missing_steps_are_filled(missing, fillable):
    stamps = pd.date_range("2020-01-01", periods=200 if len(missing) < 9 else 99)
    kept = stamps.delete(missing)
    if fillable:
        s = series(kept, values=kept.day_of_year)
        assert s.notes.gaps == s.notes.filled == len(missing)
        np.testing.assert_allclose(s.target, stamps.day_of_year + 366 * (stamps.year - 2020))
        assert any("--missing error refuses them" in note for note in s.notes.describe(TimeRulesConfig()))
        return
    with pytest.raises(DataError, match=r"lack a number.*up to 5% and gaps of 7 steps are filled.*missing="):
        series(kept)


def test_few_repeated_stamps_are_averaged():
    stamps = pd.date_range("2020-01-01", periods=200)
    twice = stamps.append(stamps[[3]])
    s = series(twice, values=[*range(200), 5])
    assert s.target[3] == 4.0
    assert s.notes.describe(TimeRulesConfig()) == [
        "1 row was out of order: sorted",
        "1 row repeats a time stamp: averaged (--duplicates error refuses them)",
    ]
    with pytest.raises(DataError, match="5 rows repeat a time stamp"):
        series(stamps.append(stamps[:5]), values=range(205))
    assert series(stamps.append(stamps[:5]), values=[*range(200), *range(5)]).target.tolist() == list(
        range(200)
    )


def test_one_stamp_a_microsecond_off_needs_no_table_of_all_microseconds_of_a_day():
    stamps = [*pd.date_range("2020-01-01", periods=31, freq="D"), pd.Timestamp("2020-03-01 00:00:00.000017")]
    assert infer_frequency([pd.DatetimeIndex(stamps)]) is None
