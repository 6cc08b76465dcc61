"""Tables with a time column: what is read, and errors with file, line and column."""

import numpy as np
import pandas as pd
import pytest

from unrolled.data.series import ColumnsConfig, TimeRulesConfig
from unrolled.data.series_tables import read_series_list
from unrolled.errors import DataError

GOOD = "month,sales,price\n1999-11,1,5\n1999-12,2,6\n2000-01,3,7\n2000-02,4,8\n"


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "t.csv"
        path.write_text(text)
        return path

    return write


def read(source, rules=None, **columns):
    return read_series_list(source, ColumnsConfig(**columns), rules or TimeRulesConfig())


def test_a_time_and_one_other_column_need_no_options(table):
    [s] = read(table("month,sales\n1999-11,1\n1999-12,2\n2000-01,3.5\n"))
    assert s.name == "sales"
    assert s.target.tolist() == [1.0, 2.0, 3.5]
    assert s.index.freqstr == "MS"
    assert s.notes.describe(TimeRulesConfig()) == []


def test_each_target_is_a_series_with_its_covariates(table):
    a, b = read(table(GOOD), target=("sales", "price"))
    assert (a.name, b.name) == ("sales", "price")
    [s] = read(table(GOOD), target=("sales",), known=("price",))
    assert s.known[:, 0].tolist() == [5, 6, 7, 8]
    [s] = read(table(GOOD), target=("sales",), past=("price",))
    assert s.past.shape == (4, 1)


def test_long_form_has_one_series_per_name(table):
    rows = "".join(f"2020-01-{d:02d},{n},{d * k}\n" for d in range(1, 6) for n, k in (("b", 10), ("a", 1)))
    b, a = read(table("day,shop,sales\n" + rows), series="shop")
    assert (b.name, a.name) == ("b", "a")
    assert b.target.tolist() == [10, 20, 30, 40, 50]
    assert a.target.tolist() == [1, 2, 3, 4, 5]


def test_a_dataframe_with_time_stamps_as_index_or_column():
    index = pd.date_range("2001-01-01", periods=5, freq="h", name="when")
    frame = pd.DataFrame({"x": np.arange(5.0)}, index=index)
    [s] = read(frame)
    [t] = read(frame.reset_index(), time="when")
    assert s.index.equals(t.index)
    assert s.target.tolist() == t.target.tolist() == [0, 1, 2, 3, 4]
    periods = frame.set_axis(pd.period_range("2001-01", periods=5, freq="M"))
    assert read(periods)[0].index.freqstr == "MS"
    assert read(frame.reset_index(drop=True))[0].axis.shown == "steps"


def test_a_series_of_pandas():
    index = pd.date_range("2000-01-01", periods=3, freq="MS")
    for name, expected in (("sales", "sales"), (None, "value")):
        [s] = read(pd.Series([1.0, 2.0, 4.0], index=index, name=name))
        assert (s.name, s.target.tolist(), s.index.freqstr) == (expected, [1.0, 2.0, 4.0], "MS")
    with pytest.raises(DataError, match="not a dict"):
        read({"value": [1.0]})


def test_trailing_rows_without_a_target_are_the_known_future(table):
    [s] = read(table(GOOD + "2000-03,,9\n2000-04,,10\n"), target=("sales",), known=("price",))
    assert (s.steps, len(s.index)) == (4, 6)
    assert s.known[:, 0].tolist() == [5, 6, 7, 8, 9, 10]
    assert s.notes.cut == 0


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "is empty"),
        ("month,sales\n", {}, "holds no rows"),
        (GOOD, {"target": ("sale",)}, r"no column 'sale' \(did you mean 'sales'\?\); it has 'month'"),
        (GOOD, {"target": ("sales",), "known": ("sales",)}, "both the target and a covariate"),
        (
            GOOD.replace("2000-01,", "01/2000,"),
            {"target": ("sales",)},
            r"t\.csv, line 4: '01/2000'.*time_format",
        ),
        (
            GOOD.replace("2000-01,3", "2000-01,three"),
            {"target": ("sales",)},
            r"line 4: 'three' in column 'sales'",
        ),
        (GOOD.replace("2000-01,3", "2000-01,inf"), {"target": ("sales",)}, "line 4: 'inf'"),
        ("a,b\n1,2,3,4\n1,2\n1,2,3\n", {}, "t.csv"),
        ("a,b\n1,2\n1,2,3\n", {}, r"line 3 has 3 columns and the first line 2.*--separator"),
        ("t;y\n2000-01;1\n", {}, "1 time stamp cannot define a frequency"),
        (GOOD, {"time": "sales", "target": ("sales",)}, "column 'sales' is both the target and the time"),
        (
            "day,sales\n2000-01-01,\n2000-01-02,\n2000-01-03,\n",
            {},
            r"no column of numbers.*'sales' \(empty\)",
        ),
        (
            "day,sales\n2000-01-01,\n2000-01-02,\n2000-01-03,\n",
            {"target": ("sales",)},
            "holds no number to forecast",
        ),
        (
            "d,s,x\n2000-01-01,,1\n",
            {"series": "s", "target": ("x",)},
            "line 2: column 's' must name the series, but is empty",
        ),
    ],
)
def test_unusable_tables_are_reported(table, text, options, message):
    with pytest.raises(DataError, match=message):
        read(table(text), **options)


def test_a_day_first_format_is_never_guessed(table):
    text = "day,x\n01-02-2000,1\n02-02-2000,2\n03-02-2000,3\n"
    with pytest.raises(DataError, match="may have the format '%d-%m-%Y' or '%m-%d-%Y'"):
        read(table(text))
    [s] = read(table(text), time_format="%d-%m-%Y")
    assert str(s.index[0]) == "2000-02-01 00:00:00"


@pytest.mark.parametrize(
    ("name", "options", "rules", "steps", "freq"),
    [
        ("airline-passengers", {}, {}, 144, "MS"),
        ("monthly-sunspots", {}, {}, 2820, "MS"),
        ("daily-min-temperatures", {}, {"missing": "interpolate"}, 3652, "D"),
        ("sp500-2000", {"target": ("close",)}, {"frequency": "rows"}, 5105, None),
    ],
)
def test_published_series(published, name, options, rules, steps, freq):
    path = published(f"timeseries/{name}.csv")
    [s] = read(path, TimeRulesConfig(**rules), **options)
    assert s.steps == steps
    assert s.index.freqstr == freq


@pytest.mark.slow
def test_the_published_hourly_load_is_sorted_and_its_defects_counted(published):
    path = published("timeseries/PJME_hourly.csv")
    rules = TimeRulesConfig(duplicates="mean", missing="interpolate")
    [s] = read(path, rules, time_format="%d-%m-%Y %H:%M")
    assert s.notes.rows == 145_366
    assert (s.notes.duplicates, s.notes.gaps, s.notes.filled) == (4, 30, 30)
    assert s.notes.out_of_order > 1000
    assert (s.index.asi8[1:] > s.index.asi8[:-1]).all()
    assert s.steps == 145_366 - 4 + 30
    assert len(s.notes.describe(rules)) == 4


def test_stamps_keep_their_time_zone(table):
    rows = "".join(f"2020-03-29T0{h}:00+0{z}:00,{h}\n" for h, z in ((1, 1), (3, 2), (4, 2), (5, 2)))
    [s] = read(table("when,x\n" + rows))
    assert str(s.index.tz) == "Europe/Berlin"
    assert [t.hour for t in s.index] == [1, 3, 4, 5]
    index = pd.date_range("2020-01-01", periods=4, freq="h", tz="Asia/Tokyo")
    [s] = read(pd.DataFrame({"x": range(4)}, index=index))
    assert s.index.equals(index)


@pytest.mark.parametrize(
    ("rows", "rules", "message"),
    [
        (
            ["1900-01-01T00:00:00", "1900-01-01T00:00:01", "1900-01-01T00:00:02", "2000-01-01"],
            {},
            "half of them",
        ),
        (
            ["1900-01-01T00:00:00.000000001", "1900-01-01T00:00:00.000000002", "2000-01-01"],
            {},
            "1 row repeats a time stamp",
        ),
        (
            ["1700-01-01", "2260-01-01"],
            {"frequency": "s"},
            r"17,671,824,000 steps at frequency 's', too many",
        ),
        (["0001-01-01", "9000-01-01"], {"frequency": "h"}, "steps at frequency 'h', too many"),
        (
            ["2020-01-01", "2020-01-02", "2020-01-03", "-1"],
            {},
            "line 5: '-1' in column 'time' is not a time in .* in the years 1 to 9000",
        ),
        (
            ["2020-01-01", "2020-01-02", "9999-12-31"],
            {},
            "line 4: '9999-12-31' .* in the years 1 to 9000",
        ),
        (["2020-01-01", "2020-01-02"], {"frequency": "-1D"}, "frequency='-1D': is not a frequency"),
        (["2020-01-01", "2020-01-02"], {"frequency": "9" * 30 + "D"}, "is not a frequency"),
    ],
)
def test_stamps_far_apart_do_not_take_all_memory(table, rows, rules, message):
    text = "time,value\n" + "".join(f"{stamp},{n}\n" for n, stamp in enumerate(rows))
    with pytest.raises(DataError, match=message):
        read(table(text), TimeRulesConfig(**rules))


def test_years_far_in_the_past_and_future_are_read(table):
    for first in ("0500-01-0", "8999-12-2"):
        [s] = read(table("time,value\n" + "".join(f"{first}{d},{d}\n" for d in range(1, 6))))
        assert s.index.freqstr == "D"
        assert len(s.stamps(400)) == 400


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,value\n2020-01-01,1,2\n2020-01-02,2,3\n", "line 2 has 3 columns and the first line 2"),
    ],
)
def test_a_header_with_too_few_names_is_refused(table, text, message):
    with pytest.raises(DataError, match=message):
        read(table(text))


@pytest.mark.slow
def test_many_series_are_read_in_linear_time(table):
    rows = "".join(f"2020-01-01,s{n},1\n2020-01-02,s{n},2\n" for n in range(1500))
    series = read(table("time,name,value\n" + rows), TimeRulesConfig(frequency="D"), series="name")
    assert [s.name for s in series[:2]] == ["s0", "s1"]
    assert all(s.target.tolist() == [1, 2] for s in series)


@pytest.mark.parametrize("option", ["target", "known", "past"])
def test_an_empty_column_name_is_refused(table, option):
    columns = {"target": ("sales",)} | {option: ("",)}
    with pytest.raises(DataError, match="has no column ''; it has 'month', 'sales', 'price'"):
        read(table(GOOD), **columns)
