"""Roles of columns: time, series names, targets; ambiguous tables are refused."""

import numpy as np
import pandas as pd
import pytest

from unrolled.data.series import ColumnsConfig, TimeRulesConfig
from unrolled.data.series_tables import read_series
from unrolled.data.tables import TableConfig
from unrolled.errors import DataError

MONTHS = pd.date_range("2001-01-01", periods=12, freq="MS").strftime("%Y-%m")


@pytest.fixture
def read(tmp_path):
    def read(text, columns=None, table=None, **rules):
        path = tmp_path / "t.csv"
        path.write_text(text)
        return read_series(path, columns or ColumnsConfig(), TimeRulesConfig(**rules), table)

    return read


def lines(header, row, stamps=MONTHS):
    return header + "\n" + "".join(row.format(t=t, n=n, m=n * n % 11) + "\n" for n, t in enumerate(stamps))


def names(data):
    return [s.name for s in data.series]


def test_all_columns_of_numbers_are_forecast_together(read):
    data = read(lines("date,open,close,volume", "{t},{m},1{m},{m}000.5"))
    assert names(data) == ["open", "close", "volume"]
    assert "all columns of numbers are forecast: 'open', 'close', 'volume' (--target)" in data.notes
    assert data.columns.target == ("open", "close", "volume")


def test_columns_that_are_no_series_are_left_out_and_reported(read):
    text = lines("No,date,load,place,empty,same,month", "{n},{t},{m},here,,5,{n}")
    text = text.replace(",11\n", ",12\n")
    data = read(text)
    assert names(data) == ["load", "month"]
    [note] = [n for n in data.notes if n.startswith("left out")]
    for part in ("'No' (numbers the rows)", "'place' (no numbers)", "'empty' (empty)", "'same' (constant)"):
        assert part in note


def test_a_part_of_the_time_is_not_a_target(read):
    months = [(y, m) for y in (2001, 2002) for m in range(1, 13)]
    rows = "".join(f"{y}-{m:02d}-01,{y},{m},{m * m % 7}\n" for y, m in months)
    data = read("date,year,month,load\n" + rows)
    assert names(data) == ["load"]
    assert "left out: 'year' (a part of the time), 'month' (a part of the time)" in data.notes


def test_the_only_column_is_used_even_if_constant_or_counting(read):
    assert read(lines("date,x", "{t},7")).series[0].target.tolist() == [7.0] * 12
    assert read(lines("date,x", "{t},{n}")).series[0].target.tolist() == list(range(12))


@pytest.mark.parametrize("order", ["by time", "by name"])
def test_a_text_column_that_distinguishes_rows_names_the_series(read, order):
    rows = [(t, s, n) for n, t in enumerate(MONTHS) for s in ("AAPL", "MSFT")]
    rows.sort(key=lambda r: r[1] if order == "by name" else r[0])
    data = read("date,symbol,sector,price\n" + "".join(f"{t},{s},tech,{n * n}\n" for t, s, n in rows))
    assert names(data) == ["AAPL", "MSFT"]
    assert data.columns.series == "symbol"
    assert "2 series, named by 'symbol' (--series)" in data.notes


def test_numbers_and_pairs_of_columns_name_series_too(read):
    rows = [(t, shop, item) for t in MONTHS for shop in (1, 2) for item in (1, 2, 3)]
    data = read(
        "date,store,item,sales\n"
        + "".join(f"{t},{a},{b},{n * 7 % 13}.5\n" for n, (t, a, b) in enumerate(rows))
    )
    assert names(data)[:4] == ["1 1", "1 2", "1 3", "2 1"]
    assert data.columns.series == "store+item"
    one = read(
        "date,store,sales\n"
        + "".join(f"{t},{a},{n * 7 % 13}.5\n" for n, (t, a, b) in enumerate(rows) if b == 1)
    )
    assert names(one) == ["1", "2"]


def test_two_columns_that_could_name_the_series_are_refused(read):
    stamps = [t for t in MONTHS for _ in range(2)]
    rows = "".join(f"{t},{'ab'[n % 2]},{'xy'[(n + n // 2) % 2]},{n % 5}.5\n" for n, t in enumerate(stamps))
    with pytest.raises(
        DataError,
        match=r"in column 'shop' and in 'kind'; .*series='shop' or series='kind'",
    ):
        read("date,shop,kind,sales\n" + rows)


def test_repeated_times_without_a_series_column_are_refused(read):
    with pytest.raises(DataError, match=r"rows repeat a time stamp.*series="):
        read(lines("date,x", "{t},{m}\n{t},1{m}"))


def test_dates_in_the_header_are_the_steps(read):
    years = ",".join(map(str, range(1960, 1975)))
    numbers = ",".join(str(n * n % 7) for n in range(15))
    for end in ("", ","):
        data = read(f"Country,Code,{years}\nChad,TCD,{numbers}{end}\nPeru,PER,{numbers}{end}\n")
        assert names(data) == ["Chad", "Peru"]
        assert data.series[0].index[0] == pd.Timestamp("1960-01-01")
        assert "the header holds 15 dates, 1960 to 1974: each row is a series" in data.notes


@pytest.mark.parametrize("end", ["", ",Annual"])
def test_months_in_the_header_are_the_steps_of_a_year(read, end):
    months = ",".join(pd.Timestamp(2000, m, 1).strftime("%b") for m in range(1, 13))
    rows = "".join(
        f"{y}," + ",".join(str((y * m) % 17) for m in range(1, 13)) + ",9" * bool(end) + "\n"
        for y in range(1950, 1960)
    )
    data = read(f"Year,{months}{end}\n{rows}")
    [s] = data.series
    assert (s.steps, str(s.index[13].date()), s.target[13]) == (120, "1951-02-01", 3902 % 17)
    out = ", 'Annual' left out" if end else ""
    assert f"the header holds the months of each row's year in 'Year'{out}" in data.notes


def test_a_column_that_rises_with_the_time_is_left_out(read):
    rows = "".join(
        f"{y},{m},{y + (m - 0.5) / 12:.4f},{y * m % 7}\n" for y in (2001, 2002) for m in range(1, 13)
    )
    data = read("year,month,decimal date,average\n" + rows)
    assert names(data) == ["average"]
    assert "left out: 'decimal date' (rises evenly, as the time does)" in data.notes


def test_columns_without_names_may_be_a_year_and_a_month(read):
    rows = "".join(f"{y},{m},{y * m % 7}.5\n" for y in (2001, 2002) for m in range(1, 13))
    data = read(rows)
    assert (data.columns.time, names(data)) == ("1+2", ["3"])
    assert data.rules.frequency == "MS"


def test_two_columns_of_one_name_are_refused(read):
    with pytest.raises(DataError, match="two columns are named 'x'; give the number of one"):
        read(lines("date,x,x", "{t},{m},{n}"))


def test_one_column_of_numbers_is_a_series(read):
    data = read("x\n" + "".join(f"{n * n}\n" for n in range(9)))
    assert data.series[0].index.tolist() == list(range(1, 10))
    assert "no column contains the time: each row is a step (--time)" in data.notes
    assert read("".join(f"{n * n}\n" for n in range(9))).series[0].steps == 9
    assert names(read(lines("t,x", "{n},{m}"))) == names(read(lines(",x", "{n},{m}"))) == ["x"]
    assert names(read(lines("step,x,y", "{n},{m},1{m}"))) == ["x", "y"]


def test_a_table_without_time_is_refused_unless_rows_are_steps(read):
    text = lines("length,width,kind", "5.{m},1.{n},setosa")
    with pytest.raises(
        DataError, match=r"no column contains the time of the rows \(there are 'length', .*frequency=rows"
    ):
        read(text)
    assert names(read(text, frequency="rows")) == ["length", "width"]


def test_years_are_detected_as_time_by_their_values(read):
    text = "".join(f"{n * n}.5,{1947 + n},{n * 3 % 7}\n" for n in range(16))
    data = read(text)
    assert names(data) == ["1", "3"]
    assert data.columns.time == "2"
    assert data.series[0].index[0] == pd.Timestamp("1947-01-01")


def test_columns_without_names_are_numbered(read):
    data = read(lines("", "{t},{m}").lstrip())
    assert names(data) == ["2"]
    assert read(lines("", "{t},{m}").lstrip(), ColumnsConfig(time="1", target=("2",))).series[0].steps == 12


@pytest.mark.parametrize(
    ("cell", "value", "note"),
    [
        ('"1,234.5"', 1234.5, None),
        ("$1234.5", 1234.5, "'$' is left out"),
        ("12.5%", 12.5, "'%' is left out"),
        ("1 234", 1234.0, None),
        ("1.5M", 1.5e6, None),
        ("(3.5)", -3.5, None),
        ("-3e2", -300.0, None),
    ],
)
def test_number_formats(read, cell, value, note):
    data = read("date,x\n" + "".join(f"{t},{cell}\n" for t in MONTHS))
    assert data.series[0].target.tolist() == [value] * 12
    assert note is None or any(note in n for n in data.notes)


@pytest.mark.parametrize("mark", ["", "?", "NA", "-", "#N/A", "null", "NaN"])
def test_marks_of_a_missing_number(read, mark):
    stamps = pd.date_range("2001-01-01", periods=40).astype(str)
    text = lines("date,x", "{t},{n}", stamps).replace("2001-01-11,10", f"2001-01-11,{mark}")
    [s] = read(text).series
    assert (s.target[10], s.notes.missing) == (10.0, 1)


def test_decimal_commas_and_semicolons(read):
    data = read(lines("Datum;Wert", "{t};1.23{m},5").replace("10,5", "0,5"))
    assert data.series[0].target[0] == 1230.5
    assert "cells are separated by semicolons (--separator)" in data.notes
    text = lines("Datum;Wert", "{t};1,23{m}").replace("10\n", "0\n")
    with pytest.raises(DataError, match=r"--decimal , or --decimal \."):
        read(text)
    assert read(text, table=TableConfig(decimal=",")).series[0].target[0] == 1.23


def test_a_title_above_the_table_is_left_out(read):
    data = read("Sales of shops\n" + lines("month,sales", "{t},{m}"))
    assert names(data) == ["sales"]
    assert "the first line is a title: left out" in data.notes


def test_later_tables_are_read_with_the_columns_of_the_first(read):
    data = read(lines("No,when,load,temp", "{n},{t},{m},1{m}"))
    later = data.columns
    assert (later.time, later.target) == ("when", ("load", "temp"))
    reordered = read_series(
        pd.DataFrame({"temp": np.arange(5.0), "when": MONTHS[:5], "load": 1.0}), later, data.rules
    )
    assert names(reordered) == ["load", "temp"]


@pytest.mark.parametrize(
    "names", ["Q1,Q2,Q3,Q4", "Qtr1,Qtr2,Qtr3,Qtr4", "Quarter 1,Quarter 2,Quarter 3,Quarter 4"]
)
def test_quarters_in_the_header_are_one_series(tmp_path, names):
    path = tmp_path / "gdp.csv"
    rows = [f"{1991 + i},{4 * i + 1}.5,{4 * i + 2}.5,{4 * i + 3}.5,{4 * i + 4}.5" for i in range(9)]
    path.write_text("\n".join([f"Year,{names}", *rows]) + "\n")
    data = read_series(path, ColumnsConfig(), TimeRulesConfig())
    assert "the header holds the quarters of each row's year in 'Year'" in data.notes
    assert [s.target.tolist() for s in data.series] == [[i + 0.5 for i in range(1, 37)]]
    assert data.rules.frequency == "QS-JAN"


@pytest.mark.parametrize("header", [",0", "0,1"])
def test_a_numeric_header_written_by_pandas(tmp_path, header):
    path = tmp_path / "y.csv"
    path.write_text("\n".join([header, *(f"2001-01-{day:02},{day}.5" for day in range(1, 25))]) + "\n")
    [series] = read_series(path, ColumnsConfig(), TimeRulesConfig()).series
    assert series.target.tolist() == [day + 0.5 for day in range(1, 25)]
