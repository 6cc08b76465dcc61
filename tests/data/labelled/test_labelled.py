"""Labelled sequences in their many forms."""

import numpy as np
import pytest

from unrolled.data import read_labelled
from unrolled.data.labelled import LabelledForm, read_items
from unrolled.errors import DataError


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def test_a_table(tmp_path):
    write(tmp_path, {"t.csv": "label,body\npos,good one\nneg,bad one\n"})
    data = read_labelled(tmp_path / "t.csv", LabelledForm(text_column="body"))
    assert (data.items, data.labels) == (["good one", "bad one"], ["pos", "neg"])


def test_one_file_per_label(tmp_path):
    write(tmp_path, {"b.txt": "x y\n z \n\n", "a.txt": "w\n", ".hidden.txt": "no\n", "README.md": "no\n"})
    data = read_labelled(tmp_path)
    assert (data.items, data.labels) == (["w", "x y", "z"], ["a", "b", "b"])


def test_one_folder_per_label(tmp_path):
    write(tmp_path, {"b/1.txt": "x\ny\n", "a/2": "w\n", "a/1": "v\n"})
    data = read_labelled(tmp_path)
    assert (data.items, data.labels) == (["v\n", "w\n", "x\ny\n"], ["a", "a", "b"])


def test_files_named_with_their_labels(tmp_path):
    write(tmp_path, {"m.pos": "good\n", "m.neg": "bad\nworse\n"})
    data = read_labelled(f"1={tmp_path}/m.pos,0={tmp_path}/m.neg")
    assert (data.items, data.labels) == (["good", "bad", "worse"], ["1", "0", "0"])


def test_vectors_in_json_lines(tmp_path):
    rows = '{"text": [1, 2, 3], "label": 0}\n{"text": [[1, 2], [3, 4]], "label": 1}\n'
    data = read_labelled(write(tmp_path, {"t.jsonl": rows}) / "t.jsonl")
    assert [item.shape for item in data.items] == [(3, 1), (2, 2)]
    assert data.items[1].dtype == np.float32
    assert data.labels == [0, 1]


@pytest.mark.parametrize(
    ("files", "source", "message"),
    [
        ({"t.csv": "text,label\n,pos\n"}, "t.csv", "holds no row with a text and a label"),
        ({"t.jsonl": '{"text": "a", "label": 1.5}\n'}, "t.jsonl", r"line 1: the label is 1\.5"),
        ({"t.jsonl": '{"text": [1, null], "label": 1}\n'}, "t.jsonl", "line 1: is neither text nor"),
        ({"t.jsonl": '{"text": [[1], [2, 3]], "label": 1}\n'}, "t.jsonl", "line 1: is neither text nor"),
        ({"t.jsonl": '{"text": [], "label": 1}\n'}, "t.jsonl", "line 1: is neither text nor"),
        (
            {"t.jsonl": '{"text": [1], "label": 1}\n{"text": "a", "label": 1}\n'},
            "t.jsonl",
            "text in some rows and numbers in others",
        ),
        ({"a.txt": "x\n", "b/1": "y\n"}, "", "folders and .txt files"),
        ({"a.md": "x\n"}, "", "neither LABEL.txt files nor folders"),
        ({"a.md": "x\n"}, "a.md", "is not a table .* and its lines do not start with a label"),
        ({}, "nowhere.csv", "nowhere.csv: no such file"),
        ({}, "nowhere", "nowhere: no such file or folder"),
    ],
)
def test_unusable_data_are_reported(tmp_path, files, source, message):
    write(tmp_path, files)
    with pytest.raises(DataError, match=message):
        read_labelled(tmp_path / source)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("@rt-polarty", r"no such data set .*did you mean 'rt-polarity'"),
        ("@trec", "write one of @trec/train, @trec/test"),
        ("pos=a,neg", "'neg' is not LABEL=FILE"),
    ],
)
def test_unknown_sources_suggest_known_ones(source, message):
    with pytest.raises(DataError, match=message):
        read_labelled(source)


def test_items_without_labels(tmp_path):
    write(tmp_path, {"t.tsv": "text\tlabel\na b\t1\n", "lines.txt": "one\n two \n\n"})
    assert read_items(tmp_path / "t.tsv").items == ["a b"]
    assert read_items(tmp_path / "lines.txt").items == ["one", "two"]
    (tmp_path / "gap.txt").write_text("one\n\ntwo\n")
    assert read_items(tmp_path / "gap.txt").items == ["one", None, "two"]


@pytest.mark.parametrize(
    ("name", "file", "rows", "labels"),
    [
        ("@rt-polarity", "rt-polarity/rt-polarity.utf8.pos", 10_662, 2),
        ("@trec/train", "trec/TREC.train.all", 5_452, 6),
        ("@trec/test", "trec/TREC.test.all", 500, 6),
        ("@names", "names/Arabic.txt", 20_050, 18),
    ],
)
def test_published_sets(published, name, file, rows, labels):
    published(file)
    data = read_labelled(name)
    assert len(data.items) == rows
    assert len(set(data.labels)) == labels


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "a", "label": [1]}', r"the label is \[1\]"),
        ('{"text": "a", "label": 99999999999999999999}', "the label is 99999999999999999999"),
        ('{"text": ["1", "2"], "label": 1}', "is neither text nor a list of finite numbers"),
        ('{"text": [[1], [1, 2]], "label": 1}', "is neither text nor a list of finite numbers"),
        ('{"text": [1e300], "label": 1}', "is neither text nor a list of finite numbers"),
    ],
)
def test_invalid_values_are_reported_with_their_line(tmp_path, line, message):
    (tmp_path / "t.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match=rf"t\.jsonl: line 1.*{message}"):
        read_labelled(tmp_path / "t.jsonl")
