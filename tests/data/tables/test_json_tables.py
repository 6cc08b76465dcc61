"""Tables in JSON: one row per line, rows in an array or an object, or columns."""

import json

import pytest

from unrolled.data import PairForm, read_pairs
from unrolled.data.tables import read_table
from unrolled.errors import DataError

PAIRS = [["give me a hat", "donne un chapeau"], ["give me a pen", "donne un stylo"], ["hello", "salut"]]
OBJECTS = [{"en": s, "fr": t} for s, t in PAIRS]
FORMS = {
    "arrays": PAIRS,
    "objects": OBJECTS,
    "data": {"version": "1.0", "data": OBJECTS},
    "data_of_arrays": {"data": PAIRS},
    "columns": {"en": [s for s, _ in PAIRS], "fr": [t for _, t in PAIRS]},
    "pandas": {side: {str(i): o[side] for i, o in enumerate(OBJECTS)} for side in ("en", "fr")},
    "pandas_index": {str(i): o for i, o in enumerate(OBJECTS)},
    "pandas_split": {"columns": ["en", "fr"], "index": [0, 1, 2], "data": PAIRS},
    "with_header": [["en", "fr"], *PAIRS],
    "nested": [{"translation": o} for o in OBJECTS],
}


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_pairs(tmp_path, form, indent):
    path = tmp_path / "pairs.json"
    path.write_text(json.dumps(FORMS[form], indent=indent))
    pairs = read_pairs(path, PairForm())
    assert [list(pair) for pair in zip(pairs.sources, pairs.targets, strict=True)] == PAIRS


def test_one_array_per_line(tmp_path):
    for name in ("pairs.json", "pairs.jsonl"):
        (tmp_path / name).write_text("".join(json.dumps(pair) + "\n" for pair in PAIRS))
        assert read_pairs(tmp_path / name, PairForm()).sources == [s for s, _ in PAIRS]


def test_one_row_with_vectors_is_one_row(tmp_path):
    (tmp_path / "v.json").write_text('{"x": [[1, 2], [3, 4]], "label": "a"}')
    table = read_table(tmp_path / "v.json")
    assert (table.names, table.rows) == (["x", "label"], [[[[1, 2], [3, 4]], "a"]])


def test_two_lists_of_rows_are_refused(tmp_path):
    (tmp_path / "v.json").write_text(json.dumps({"train": OBJECTS, "test": OBJECTS}))
    with pytest.raises(DataError, match="'train' and 'test' all look like rows"):
        read_table(tmp_path / "v.json")


def test_rows_of_different_lengths_are_refused(tmp_path):
    (tmp_path / "v.json").write_text('[["a", "b"], ["c"]]')
    with pytest.raises(DataError, match="row 2 has 1 value, but the first row has 2"):
        read_table(tmp_path / "v.json")
