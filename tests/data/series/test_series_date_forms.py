"""Date formats: the only one with ordered, even stamps is used; two possible formats are refused."""

import pandas as pd
import pytest

from unrolled.data.series import ColumnsConfig, TimeRulesConfig
from unrolled.data.series_tables import read_series
from unrolled.errors import DataError


def read(tmp_path, stamps, columns=None, header="date", **rules):
    path = tmp_path / "t.csv"
    rows = "".join(f'"{stamp}",{n * n}\n' for n, stamp in enumerate(stamps, 1))
    path.write_text(f"{header},sales\n{rows}")
    return read_series(path, columns or ColumnsConfig(), TimeRulesConfig(**rules))


def format_dates(form, freq="MS", start="1985-01-01", count=14):
    return [t.strftime(form) for t in pd.date_range(start, periods=count, freq=freq)]


@pytest.mark.parametrize(
    ("stamps", "first", "frequency", "season"),
    [
        (format_dates("%Y-%m-%d"), "1985-01-01", "MS", 12),
        ([f"{1 + n % 12}/1/{1985 + n // 12}" for n in range(14)], "1985-01-01", "MS", 12),
        (["1.12.2003", "2.12.2003", "3.12.2003", "4.12.2003", "5.12.2003"], "2003-12-01", "D", 7),
        (format_dates("%d.%m.%Y", "D", "2003-12-25"), "2003-12-25", "D", 7),
        (format_dates("%m/%d/%Y", "D", "2003-12-25"), "2003-12-25", "D", 7),
        (format_dates("%d/%m/%y", "D", "1999-12-25"), "1999-12-25", "D", 7),
        (["1990/1/1 0:00", "1990/1/1 1:00", "1990/1/1 2:00", "1990/1/1 3:00"], "1990-01-01", "h", 24),
        (format_dates("%b %Y"), "1985-01-01", "MS", 12),
        (format_dates("%B-%Y"), "1985-01-01", "MS", 12),
        (format_dates("%b-%y"), "1985-01-01", "MS", 12),
        (format_dates("%y-%b", "D"), None, None, None),
        (format_dates("%d-%b-%y", "D", "2003-01-01"), "2003-01-01", "D", 7),
        (format_dates("%d %B %Y", "D", "2003-01-01"), "2003-01-01", "D", 7),
        (format_dates("%B %d, %Y", "D", "2003-01-01"), "2003-01-01", "D", 7),
        (["1st May 2003", "2nd May 2003", "3rd May 2003", "4th May 2003"], "2003-05-01", "D", 7),
        (format_dates("%a, %d %b %Y", "D", "2003-01-01"), "2003-01-01", "D", 7),
        (["2003Q1", "2003Q2", "2003Q3", "2003Q4"], "2003-01-01", "QS-JAN", 4),
        (["Q1 2003", "Q2 2003", "Q3 2003", "Q4 2003"], "2003-01-01", "QS-JAN", 4),
        (["2003-W51", "2003-W52", "2004-W01", "2004-W02"], "2003-12-15", "7D", 52),
        (["2003M11", "2003M12", "2004M01"], "2003-11-01", "MS", 12),
        ([f"{43831 + n}" for n in range(9)], "2020-01-01", "D", 7),  # of a spreadsheet
        ([f"2017{n:02d}" for n in range(20, 40)], "2017-05-15", "7D", 52),
        (["Jan 2003", "Feb 2003", "Mär 2003", "Apr 2003", "Mai 2003"], "2003-01-01", "MS", 12),
        (format_dates("%m/%Y"), "1985-01-01", "MS", 12),
        (format_dates("%m.%Y"), "1985-01-01", "MS", 12),
        (format_dates("%Y%m", start="2002-12-01"), "2002-12-01", "MS", 12),
        (format_dates("%Y%m%d", "D", "2003-12-25"), "2003-12-25", "D", 7),
        (format_dates("%Y", "YS"), "1985-01-01", "YS-JAN", 1),
        (["1949.0", "1950.0", "1951.0", "1952.0"], "1949-01-01", "YS-JAN", 1),
        ([f"{1949 + n / 12:.4f}" for n in range(14)], "1949-01-01", "MS", 12),
        ([f"{1749 + n / 12:.3f}" for n in range(40)], "1749-01-01", "MS", 12),
        ([str(1388534400 + 3600 * n) for n in range(14)], "2014-01-01", "h", 24),
        ([str(1388534400000 + 60000 * n) for n in range(14)], "2014-01-01", "min", 1440),
        ([f"2014-01-01T0{n}:00:00.000Z" for n in range(4)], "2014-01-01", "h", 24),
        (format_dates("%m/%d/%Y %I:%M %p", "h", "2014-01-13 23:00", 4), "2014-01-13 23:00", "h", 24),
        (["2014-01-01 23:00", "2014-01-01 24:00", "2014-01-02 01:00"], "2014-01-01 23:00", "h", 24),
        (["31/12/2014 23", "1/1/2015 0"], None, None, None),
    ],
)  # fmt: skip
def test_date_formats_are_detected(tmp_path, stamps, first, frequency, season):
    if first is None:
        with pytest.raises(DataError):
            read(tmp_path, stamps)
        return
    data = read(tmp_path, stamps)
    [s] = data.series
    assert s.index[0].tz_localize(None) == pd.Timestamp(first)
    assert len(s.index) == s.steps == len(stamps)
    assert (data.rules.frequency, s.axis.season) == (frequency, season)
    assert any("(--time)" in note for note in data.notes)


def test_a_format_other_than_iso_is_reported(tmp_path):
    data = read(tmp_path, format_dates("%m/%d/%Y"))
    assert "dates have the format '%m/%d/%Y', the first is 1985-01-01 (--time-format)" in data.notes
    assert data.columns.time_format == "%m/%d/%Y"


def test_two_possible_formats_are_refused_and_named(tmp_path):
    stamps = ["01/02/2000", "02/02/2000", "03/02/2000"]
    with pytest.raises(DataError, match=r"'%d/%m/%Y' or '%m/%d/%Y' \(the first is 2000-02-01.*time_format="):
        read(tmp_path, stamps)
    data = read(tmp_path, stamps, ColumnsConfig(time_format="%d/%m/%Y"))
    assert data.rules.frequency == "D"
    assert read(tmp_path, stamps, ColumnsConfig(time_format="%m/%d/%Y")).rules.frequency == "M-2"


def test_a_given_date_format_allows_a_time_of_day(tmp_path):
    stamps = ["01/02/2000 0:00", "01/02/2000 6:00", "01/02/2000 12:00"]
    [s] = read(tmp_path, stamps, ColumnsConfig(time_format="%d/%m/%Y")).series
    assert (str(s.index[1]), s.axis.frequency) == ("2000-02-01 06:00:00", "6h")


def test_later_data_are_read_with_the_format_of_the_training_data(tmp_path):
    first = read(tmp_path, format_dates("%d/%m/%Y", "D", "2000-01-25"))
    later = ["01/02/2000", "02/02/2000", "03/02/2000"]
    with pytest.raises(DataError, match="choose one: time_format="):
        read(tmp_path, later)
    path = tmp_path / "t.csv"
    [s] = read_series(path, first.columns, first.rules).series
    assert s.index[0] == pd.Timestamp("2000-02-01")


@pytest.mark.parametrize(
    ("stamps", "season", "what"),
    [
        ([f"{y}-{m:02d}" for y in (1, 2, 3) for m in range(1, 13)], 12, "months of numbered years"),
        ([f"{y}-{q}" for y in (1, 2, 3) for q in range(1, 5)], 4, "quarters of numbered years"),
        (["Nov", "Dec", "Jan", "Feb"], 12, "months"),
        (["Monday", "Tuesday", "Wednesday"], 7, "days of a week"),
        ([f"{n % 24:02d}:00" for n in range(20, 50)], 24, "hours of a day"),
    ],
)
def test_dates_without_a_year_are_numbered_rows(tmp_path, stamps, season, what):
    data = read(tmp_path, stamps, header="Month")
    [s] = data.series
    assert s.index.tolist() == list(range(1, len(stamps) + 1))
    assert (s.axis.season, s.axis.shown, data.rules.frequency) == (season, "steps", "rows")
    assert f"'Month' counts {what}: each row is a step, {season} of them a cycle (--season)" in data.notes


def test_an_invalid_date_is_reported_with_its_line(tmp_path):
    stamps = format_dates("%Y-%m-%d", "D", count=9)
    with pytest.raises(DataError, match=r"line 6: '1985-02-30' in column 'date' is not a time in the format"):
        read(tmp_path, [*stamps[:4], "1985-02-30", *stamps[5:]])


def test_a_note_below_the_table_is_left_out(tmp_path):
    path = tmp_path / "airline.csv"
    rows = "".join(f'"{t}",{n}\n' for n, t in enumerate(format_dates("%Y-%m")))
    title = "International airline passengers: monthly totals in thousands. Jan 49 - Dec 60"
    path.write_text(f'"Month","{title}"\n{rows}\n{title}\n')
    data = read_series(path, ColumnsConfig(), TimeRulesConfig())
    assert [s.steps for s in data.series] == [14]
    assert any(note.startswith("1 line below the table left out") for note in data.notes)


@pytest.mark.parametrize(
    ("header", "rows", "time", "second"),
    [
        ("year,month,day,hour", "2010,1,1,{n}", "year+month+day+hour", "2010-01-01 01:00"),
        ("Year,Month", "2007,{k}", "Year+Month", "2007-02-01"),
        ("year,month", "2007,{name}", "year+month", "2007-02-01"),
        ("Date,Time", "10/03/2004,{n:02d}.00.00", "Date+Time", "2004-03-10 01:00"),
        ("date,hour", "2004-03-10,{n}", "date+hour", "2004-03-10 01:00"),
        ("year,week", "2015,{k}", "year+week", "2015-01-05"),
    ],
)
def test_several_columns_form_the_time(tmp_path, header, rows, time, second):
    path = tmp_path / "t.csv"
    names = [pd.Timestamp(2000, k, 1).strftime("%B") for k in range(1, 13)]
    lines = "".join(rows.format(n=n, k=n + 1, name=names[n]) + f",{n * n % 7}\n" for n in range(12))
    path.write_text(f"{header},load\n{lines}")
    columns = ColumnsConfig(time_format="%d/%m/%Y" if "/" in rows else "")
    data = read_series(path, columns, TimeRulesConfig())
    [s] = data.series
    assert data.columns.time == time
    assert (s.name, s.index[1]) == ("load", pd.Timestamp(second))
    again = read_series(path, data.columns, data.rules)
    assert again.series[0].index.equals(s.index)
