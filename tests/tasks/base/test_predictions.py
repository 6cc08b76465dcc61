"""Predictions beside the rows of a file."""

import csv
import io
import json

import numpy as np
import pytest

from unrolled.tasks.base.predictions import tabulate

NAMES, ROWS = ["id", "text"], [["7", 'a "b", c'], ["8", ""]]
P = [np.array([0.2, 0.5, 0.3]), None]


def written(table, name):
    out = io.StringIO()
    table.write(out, name)
    return out.getvalue()


def test_the_probability_of_every_class():
    table = tabulate(NAMES, ROWS, P, ["x", "y", "z"])
    assert list(csv.reader(io.StringIO(written(table, "p.csv")))) == [
        ["id", "text", "predicted", "probability", "p(x)", "p(y)", "p(z)"],
        ["7", 'a "b", c', "y", "0.5", "0.2", "0.5", "0.3"],
        ["8", "", "", "", "", "", ""],
    ]


def test_the_most_probable_classes():
    table = tabulate(NAMES, ROWS, P, ["x", "y", "z"], top=2)
    assert table.names[2:] == ["predicted", "probability", "predicted 2", "probability 2"]
    assert table.rows[0][2:] == ["y", 0.5, "z", 0.3]
    assert tabulate(NAMES, ROWS, P, ["x", "y", "z"], top=9).rows[0][-2:] == ["x", 0.2]


def test_json_lines_and_tabs():
    table = tabulate(NAMES, ROWS, P, ["x", "y", "z"], top=1)
    first, second = map(json.loads, written(table, "p.jsonl").splitlines())
    assert first == {"id": "7", "text": 'a "b", c', "predicted": "y", "probability": 0.5}
    assert second["predicted"] is None
    assert written(table, "p.tsv").splitlines()[0] == "id\ttext\tpredicted\tprobability"


@pytest.mark.parametrize("taken", ["predicted", "p(x)"])
def test_columns_of_the_file_keep_their_names(taken):
    table = tabulate([taken], [["1"]], [np.array([1.0])], ["x"])
    assert table.names[0] == taken
    assert len(set(table.names)) == len(table.names)
