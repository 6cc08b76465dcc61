"""Tables: separator, quotes, header and decimal sign are detected or given."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data.tables import TableConfig, read_table
from unrolled.errors import ConfigError, DataError


@pytest.fixture
def table(tmp_path):
    def read(text, name="t.csv", usual=(), asked=(), **config):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_table(path, TableConfig(**config), usual=usual, asked=asked)

    return read


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["t.csv", "t.txt", "t"])
def test_the_separator_occurs_in_every_line(table, separator, name):
    parsed = table(f"date{separator}value\n2020-01-01{separator}1\n2020-01-02{separator}2\n", name)
    assert (parsed.separator, parsed.names, parsed.has_header) == (separator, ["date", "value"], True)
    assert parsed.rows == [["2020-01-01", "1"], ["2020-01-02", "2"]]
    separator_notes = [note for note in parsed.notes if "--separator" in note]
    assert bool(separator_notes) == (name != "t.csv" or separator != ",")


def test_a_decimal_comma_between_semicolons(table):
    parsed = table("date;value\n2020-01-01;1,5\n2020-01-02;2,25\n")
    assert parsed.separator == ";"
    assert parsed.numbers("value").tolist() == [1.5, 2.25]


def test_commas_and_semicolons_in_every_row(table):
    assert table("2020-01-01;1,5\n2020-01-02;2,2\n", "t.txt").rows[0] == ["2020-01-01", "1,5"]
    with pytest.raises(DataError, match="separated by ',' or by ';'; choose: --separator ','"):
        table("a b;c d,e f\ng h;i j,k l\n", "t.txt")
    assert table("a b;c d,e f\ng h;i j,k l\n", "t.txt", separator=",").rows[0] == ["a b;c d", "e f"]
    assert table("a b;c d,e f\ng h;i j,k l\n", "t.csv").rows[0] == ["a b;c d", "e f"]


def test_quotes_that_are_characters(table):
    parsed = table('5" of rain\t1\n"Oh no\t0\nhe said "yes"\t1\n', "t.tsv")
    assert [row[0] for row in parsed.rows] == ['5" of rain', '"Oh no', 'he said "yes"']
    assert table('"a\tb"\t1\n"c"\t2\n', "t.tsv").rows == [["a\tb", "1"], ["c", "2"]]


def test_a_cell_may_be_very_long(table):
    long = "x" * 200_000
    assert table(f'text,label\n"{long}",a\n', header="yes").rows == [[long, "a"]]
    assert table(f"{long}\ta\nb\ta\n", "t.tsv").rows[0][0] == long


def test_blanks_separate_numbers(table):
    parsed = table("  1749 01  58.0\n  1749 02  62.6\n", "t.txt")
    assert parsed.rows == [["1749", "01", "58.0"], ["1749", "02", "62.6"]]
    assert table("two words\nof text\n", "t.txt").rows == [["two words"], ["of text"]]


def test_all_line_endings(table):
    for end in ("\n", "\r\n", "\r"):
        assert table(end.join(["x,y", "1,2", "3,4", ""])).rows == [["1", "2"], ["3", "4"]]


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("review,grade\nfine,good\npoor,bad\nok,good\nno,bad\n", True),
        ("fine,good\npoor,bad\nok,good\nno,bad\n", False),
        ("when,what\n2020-01-01,x\n", True),
        ("2020-01-01,5\n2020-01-02,6\n", False),
        ("1,2\n3,4\n", False),
        ("a,a\nb,c\n", False),
        ("day,v,v\n2020-01-01,1,2\n2020-01-02,3,4\n", True),
        (",x\n0,1.5\n1,2.5\n", True),
        ("text,label\nnice,pos\n", True),
        ("un chat,a cat\nun chien,a dog\n", False),
    ],
)
def test_the_header_is_detected(table, text, header):
    parsed = table(text, usual=("text", "label"))
    assert parsed.has_header is header
    assert parsed.names[1:] == (text.split("\n")[0].split(",")[1:] if header else ["2"])
    assert any("--header" in note for note in parsed.notes) is not header


def test_a_header_that_is_given_or_implied_by_column_names(table):
    assert table("a,b\nc,d\n", header="yes").names == ["a", "b"]
    assert table("text,label\nc,d\n", header="no").names == ["1", "2"]
    assert table("1,2\nc,d\n", asked=("2",)).names == ["1", "2"]
    assert table("1,2\nc,d\n", asked=("2",)).has_header


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1.5", "-2"], [1.5, -2]),
        (["1,5", "2"], [1.5, 2]),
        (["1.234,5", "2,0"], [1234.5, 2]),
        (["1,234.5", "1,234"], [1234.5, 1234]),
        (["1,234,567", "8"], [1234567, 8]),
        (["0,125", "0,250"], [0.125, 0.25]),
        (["1.234", "2.345"], [1.234, 2.345]),
        (["1.234.567", "2.345"], [1234567, 2345]),
        (["", "NA", "?", "1e-13"], [np.nan, np.nan, np.nan, 1e-13]),
    ],
)
def test_number_formats(table, cells, numbers):
    parsed = table("\n".join(["v\tw", *(f"{cell}\t1" for cell in cells)]), "t.tsv")
    np.testing.assert_array_equal(parsed.numbers("v"), numbers)


@pytest.mark.parametrize(
    ("cells", "decimal", "wrong", "sign"),
    [
        (["1.234.567", "2.5"], "", "2.5", ","),
        (["1,5", "2"], ".", "1,5", "."),
        (["1.5", "2"], ",", "1.5", ","),
    ],
)
def test_a_number_that_does_not_fit_the_decimal_sign_is_an_error(table, cells, decimal, wrong, sign):
    read = table("\n".join(["v\tw", *(f"{cell}\t1" for cell in cells)]), "t.tsv", decimal=decimal)
    with pytest.raises(
        DataError, match=rf"'{wrong}' in column 'v' is not a number with the decimal sign '{sign}'"
    ):
        read.numbers("v")


def test_an_ambiguous_comma_is_refused(table):
    text = "v;w\n1,234;1\n2,345;2\n"
    with pytest.raises(DataError, match=r"column 'v': is ',' a decimal sign .*'1,234' may be either"):
        table(text).numbers("v")
    assert table(text, decimal=",").numbers("v").tolist() == [1.234, 2.345]
    assert table(text, decimal=".").numbers("v").tolist() == [1234, 2345]
    with pytest.raises(DataError, match="both signs are decimal"):
        table("v;w\n1,5;1\n2.5;2\n").numbers("v")


def test_an_invalid_number_is_reported_with_its_line(table):
    with pytest.raises(DataError, match=r"t\.csv: line 3: 'x' in column 'b' is not a number"):
        table("a,b\n1,2\n3,x\n", header="yes").numbers("b")


def test_encodings(table):
    assert table("a,b\n1,é\n".encode("cp1252"), encoding="cp1252").rows == [["1", "é"]]
    assert table("a,b\n1,é\n".encode("utf-16")).rows == [["1", "é"]]
    with pytest.raises(DataError, match="--encoding cp1252"):
        table("a,b\n1,é\n".encode("cp1252"))
    with pytest.raises(DataError, match="--encoding klingon: is not an encoding"):
        table("a,b\n", encoding="klingon")


def test_json_lines_and_arrays(table):
    assert table('{"a": " x "}\n{"b": [1, 2]}\n', "t.jsonl").rows == [["x", None], [None, [1, 2]]]
    assert table('[{"a": 1},\n {"a": 2}]', "t.json").column("a") == [1, 2]


def test_separator_and_decimal_sign_must_differ():
    with pytest.raises(ConfigError, match="must differ"):
        TableConfig(separator=",", decimal=",")


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=8).map(str.strip)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=6), st.sampled_from(",;"))
def test_tables_written_by_csv_are_read_back(tmp_path_factory, rows, separator):
    path = tmp_path_factory.mktemp("tables") / "t.csv"
    text = io.StringIO()
    csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    parsed = read_table(path, TableConfig(separator=separator, header="no"))
    assert [tuple(row) for row in parsed.rows] == [tuple(c.replace("\r\n", "\n") for c in r) for r in rows]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ragged", [False, True])
def test_a_header_without_the_column_of_row_names(tmp_path, separator, ragged):
    rows = [["text", "label"], *([str(n), f"some words {n}", "ab"[n % 2]] for n in range(1, 9))]
    path = tmp_path / "r.txt"
    path.write_text("".join(separator.join(row) + "\n" for row in rows))
    table = read_table(path, usual={"text", "label"}, ragged=ragged)
    assert table.has_header
    assert table.names == ["", "text", "label"]
    assert table.rows[0] == ["1", "some words 1", "b"]


def test_a_separator_at_the_end_of_every_row_is_no_column_of_row_names(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("text,label\n" + "".join(f"words {n},{n % 2},\n" for n in range(9)))
    with pytest.raises(DataError, match="line 2 has 3 columns and the first line 2"):
        read_table(path)
