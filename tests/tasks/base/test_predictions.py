"""Predictions added as columns to the rows of a file."""

import csv
import io
import json

import numpy as np
import pytest

from unrolled.tasks.base.predictions import add_prediction_columns

COLUMNS, ROWS = ["id", "text"], [["7", 'a "b", c'], ["8", ""]]
PROBABILITIES = [np.array([0.2, 0.5, 0.3]), None]


def write_table(table, name):
    out = io.StringIO()
    table.write(out, name)
    return out.getvalue()


def test_the_probability_of_every_class():
    table = add_prediction_columns(COLUMNS, ROWS, PROBABILITIES, ["x", "y", "z"])
    assert list(csv.reader(io.StringIO(write_table(table, "p.csv")))) == [
        ["id", "text", "predicted", "probability", "p(x)", "p(y)", "p(z)"],
        ["7", 'a "b", c', "y", "0.5", "0.2", "0.5", "0.3"],
        ["8", "", "", "", "", "", ""],
    ]


def test_the_most_probable_classes():
    table = add_prediction_columns(COLUMNS, ROWS, PROBABILITIES, ["x", "y", "z"], top=2)
    assert table.names[2:] == ["predicted", "probability", "predicted 2", "probability 2"]
    assert table.rows[0][2:] == ["y", 0.5, "z", 0.3]
    assert add_prediction_columns(COLUMNS, ROWS, PROBABILITIES, ["x", "y", "z"], top=9).rows[0][-2:] == [
        "x",
        0.2,
    ]


def test_json_lines_and_tabs():
    table = add_prediction_columns(COLUMNS, ROWS, PROBABILITIES, ["x", "y", "z"], top=1)
    first, second = map(json.loads, write_table(table, "p.jsonl").splitlines())
    assert first == {"id": "7", "text": 'a "b", c', "predicted": "y", "probability": 0.5}
    assert second["predicted"] is None
    assert write_table(table, "p.tsv").splitlines()[0] == "id\ttext\tpredicted\tprobability"


@pytest.mark.parametrize("name", ["predicted", "p(x)"])
def test_added_columns_do_not_collide_with_columns_of_the_input(name):
    table = add_prediction_columns([name], [["1"]], [np.array([1.0])], ["x"])
    assert table.names[0] == name
    assert len(set(table.names)) == len(table.names)
