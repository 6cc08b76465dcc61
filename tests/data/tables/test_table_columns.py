"""Tables with named columns."""

import pytest

from unrolled.data.tables import read_table
from unrolled.data.tables.header import is_header
from unrolled.errors import DataError


def read_columns(path, columns):
    """Return some columns of a table, with the line of each row."""
    table = read_table(path, asked=columns)
    places = [table.place(column) for column in columns]
    return [(line, [row[p] for p in places]) for line, row in zip(table.lines, table.rows, strict=True)]


@pytest.fixture
def table(tmp_path):
    def write(text, name="t.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_columns_are_in_the_requested_order_with_line_numbers(table):
    path = table('a,b,c\n1,"two, and ""more""",3\n\n4,"over\ntwo lines",6\n')
    assert read_columns(path, ("c", "b")) == [(2, ["3", 'two, and "more"']), (5, ["6", "over\ntwo lines"])]


def test_tabs_and_crlf(table):
    path = table("x\ty\r\n1\t2, 3\r\n", "t.tsv")
    assert read_columns(path, ("y",)) == [(2, ["2, 3"])]


def test_words_like_na_are_not_missing_values(table):
    path = table("word\nNA\nnull\nnan\nNone\n")
    assert [row for _, row in read_columns(path, ("word",))] == [["NA"], ["null"], ["nan"], ["None"]]


def test_columns_without_a_header_are_selected_by_number(table):
    path = table('"3","a title","a text"\n"4","b","c"\n')
    assert read_columns(path, ("3", "1")) == [(1, ["a text", "3"]), (2, ["c", "4"])]


def test_a_header_of_numbers_is_a_header(table):
    path = table("1,2\na,b\n")
    assert read_columns(path, ("2",)) == [(2, ["b"])]


def test_json_lines(table):
    path = table('{"t": "a", "n": [1, 2.5]}\n\n{"n": null, "t": 3, "more": 1}\n', "t.jsonl")
    assert read_columns(path, ("t", "n")) == [(1, ["a", [1, 2.5]]), (3, [3, None])]


@pytest.mark.parametrize(
    ("name", "text", "columns", "message"),
    [
        ("t.csv", "text,label\n1,2\n", ("txt",), r"no column 'txt' \(did you mean 'text'\?\); it has 'text'"),
        ("t.csv", "a,b\n1,2\n3\n", ("b",), "line 3 has 1 column and the first line 2"),
        ("t.csv", "a,b\n1,2\n3,4,5\n", ("b",), "line 3 has 3 columns and the first line 2; quote cells"),
        ("t.csv", "a,b,c\n1,2,3\n4,5\n", ("b",), "line 3 has 2 columns and the first line 3"),
        ("t.csv", 'a,b\n1,"2\n', ("b",), "line 2 is not valid CSV"),
        ("t.csv", "a,b\n", ("b",), "holds no rows"),
        ("t.csv", "a,b\n1,2\n", ("3",), "no column '3'"),
        ("t.csv", "a,a\n1,2\n", ("a",), "two columns are named 'a'; give the number"),
        ("t.jsonl", '{"a": 1}\n{"b": 2}\n', ("c",), "has no column 'c'; it has 'a', 'b'"),
        ("t.jsonl", '{"a": 1}\n{"a"\n', ("a",), "line 2 is not JSON"),
        ("t.jsonl", "1\n", ("a",), "line 1 is not an object but 1"),
        ("t.json", '[{"a": 1}, 2]', ("a",), "one array of objects"),
    ],
)
def test_unreadable_tables_are_reported(table, name, text, columns, message):
    with pytest.raises(DataError, match=message):
        read_columns(table(text, name), columns)


@pytest.mark.parametrize("line", ['{"a": ' + "[" * 100_000 + "}", '{"a": ' + "1" * 5000 + "}"])
def test_json_beyond_the_limits_of_python_is_reported(tmp_path, line):
    (tmp_path / "t.jsonl").write_text('{"a": 1}\n' + line + "\n")
    with pytest.raises(DataError, match=r"t\.jsonl: line 2 is (nested too deep|too large)"):
        read_columns(tmp_path / "t.jsonl", ("a",))


@pytest.mark.parametrize(
    ("text", "header"),
    [
        ("0,1\n0.5,2.5\n1.5,3\n", True),
        (",0\n2001-01-01,1.5\n2001-01-02,2\n", True),
        ("0,1\ngood,pos\nbad,neg\n", True),
        ("0,1\n1,1.5\n2,2.5\n", False),
        ("0,1\n0,1\n1,0\n", False),
        ("1,2\n0.5,2.5\n", False),
        ("0\n0.5\n", False),
    ],
)
def test_a_first_line_that_counts_columns_from_0(text, header):
    assert is_header([line.split(",") for line in text.splitlines()]) is header
