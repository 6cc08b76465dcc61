"""Labels at the beginning of lines, in a second file, and in the names of files and folders."""

import pytest

from unrolled.data.labelled import LabelledForm, read_labelled
from unrolled.data.tables import TableConfig
from unrolled.errors import DataError

TEXTS = [
    "a fine warm day",
    "so dull, a film",
    "the soup was cold",
    "kind words help",
    "rain again, today",
] * 4
LABELS = ["1", "0", "0", "1", "0"] * 4


def lines(form, labels=LABELS):
    return "\n".join(form.format(label, text) for label, text in zip(labels, TEXTS, strict=True)) + "\n"


@pytest.mark.parametrize(
    ("form", "note"),
    [
        ("__label__{} {}", "the word after __label__"),
        ("{} {}", "the first word of each line"),
        ("DESC:kind{} {}", "the first word of each line"),
        ("{} ||| {}", "columns: text is column 2, label is column 1"),
        ("{}\t{}", "columns: text is column 2, label is column 1"),
    ],
)
def test_the_label_is_first_in_each_line(tmp_path, form, note):
    (tmp_path / "t.txt").write_text(lines(form))
    data = read_labelled(tmp_path / "t.txt")
    assert data.items == TEXTS
    assert len(set(data.labels)) == 2
    assert any(note in n for n in data.notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__label__a __label__b two\n__label__a one\n", "line 1: has 2 labels __label__NAME"),
        ("__label__a one\nnone here\n", "line 2: has 0 labels __label__NAME"),
        (
            "no label here\nnor in this line, at all\n",
            "is not a table .* and its lines do not start with a label",
        ),
    ],
)
def test_lines_without_one_label_are_refused(tmp_path, text, message):
    (tmp_path / "t.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        read_labelled(tmp_path / "t.txt")


@pytest.mark.parametrize("order", [("texts", "labels"), ("labels", "texts")])
def test_two_files(tmp_path, order):
    (tmp_path / "texts").write_text("\n".join(TEXTS) + "\n")
    (tmp_path / "labels").write_text("\n".join(LABELS) + "\n")
    data = read_labelled(",".join(str(tmp_path / name) for name in order))
    assert (data.items, data.labels) == (TEXTS, LABELS)
    assert data.notes == ("files: texts are in texts, labels in labels",)


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        (TEXTS, LABELS[:-1], "have 20 and 19 lines"),
        (
            [f"{t} {i}" for i, t in enumerate(TEXTS)],
            [f"{t} {i}" for i, t in enumerate(TEXTS)],
            "cannot detect",
        ),
        (LABELS, LABELS, "cannot detect which file holds the labels"),
    ],
)
def test_two_files_that_do_not_match(tmp_path, texts, labels, message):
    (tmp_path / "a.txt").write_text("\n".join(texts) + "\n")
    (tmp_path / "b.txt").write_text("\n".join(labels) + "\n")
    with pytest.raises(DataError, match=message):
        read_labelled(f"{tmp_path}/a.txt,{tmp_path}/b.txt")


def test_a_text_that_is_missing_in_one_of_two_files(tmp_path):
    (tmp_path / "a.txt").write_text("\n".join(["", *TEXTS[1:]]) + "\n")
    (tmp_path / "b.txt").write_text("\n".join(LABELS) + "\n")
    data = read_labelled(f"{tmp_path}/a.txt,{tmp_path}/b.txt")
    assert (data.items, data.labels) == (TEXTS[1:], LABELS[1:])


def test_file_extensions_as_labels(tmp_path):
    for name, text in {"x.pos": "good\n", "x.neg": "bad\nworse\n", "README.md": "about\n"}.items():
        (tmp_path / name).write_text(text)
    data = read_labelled(tmp_path)
    assert (data.items, data.labels) == (["bad", "worse", "good"], ["neg", "neg", "pos"])
    assert data.notes == ("labels are the names of files: neg, pos",)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (
            ["train/pos/1.txt", "test/pos/1.txt"],
            "training, validation and test data; .*--data .*/train",
        ),
        (
            ["train_text.txt", "train_labels.txt", "dev_text.txt", "dev_labels.txt"],
            "train_text.txt,.*_labels",
        ),
        (["train.txt", "dev.txt"], "training, validation and test data; .*train.txt"),
        (
            ["x.train.all", "x.train.label", "x.test"],
            r"may be the train data \(x.train.all, x.train.label\)",
        ),
        (["train_labels.txt", "val_text.txt"], "train_labels.txt, and no file with the texts"),
        (["a/1.txt", "b/c/1.txt", "b/d/1.txt"], r"its folders \(a, b\) or of those in b \(c, d\)"),
    ],
)
def test_folders_of_another_structure_are_refused(tmp_path, names, message):
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x\n")
    with pytest.raises(DataError, match=message):
        read_labelled(tmp_path)


def test_a_folder_that_contains_only_one_folder_is_that_folder(tmp_path):
    for name in ("corpus/neg/1.txt", "corpus/pos/1.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x\n")
    data = read_labelled(tmp_path)
    assert (data.labels, data.notes) == (["neg", "pos"], ("labels are the names of folders: neg, pos",))
    named = read_labelled(f"a={tmp_path}/corpus/neg,b={tmp_path}/corpus/pos")
    assert (named.items, named.labels) == (["x\n", "x\n"], ["a", "b"])


def test_a_folder_with_a_file_of_texts_and_one_of_labels(tmp_path):
    (tmp_path / "seq.in").write_text("\n".join(TEXTS) + "\n")
    (tmp_path / "label").write_text("\n".join(LABELS) + "\n")
    (tmp_path / "seq.out").write_text("O\n")
    assert (read_labelled(tmp_path).items, read_labelled(tmp_path).labels) == (TEXTS, LABELS)


def test_files_of_a_folder_that_are_not_read_are_listed(tmp_path):
    for name in ("a.txt", "b.txt", "c.csv"):
        (tmp_path / name).write_text("x\n")
    assert read_labelled(tmp_path).notes[-1] == "left out, no label: c.csv"


def test_an_encoding_of_files_and_folders(tmp_path):
    (tmp_path / "d").mkdir()
    for name in ("d/pos.txt", "d/neg.txt", "l.txt"):
        (tmp_path / name).write_bytes("1 café\n2 thé\n1 lait\n2 eau\n".encode("latin-1"))
    form = LabelledForm(table=TableConfig(encoding="latin-1"))
    assert read_labelled(tmp_path / "d", form).items[0] == "1 café"
    assert read_labelled(tmp_path / "l.txt", form).items[0] == "café"
    assert read_labelled(f"a={tmp_path}/l.txt", form).items[1] == "2 thé"


def test_blank_lines_are_missing_texts(tmp_path):
    (tmp_path / "a.txt").write_text("x\n\ny\n\n")
    (tmp_path / "b.txt").write_text("z\n")
    data = read_labelled(tmp_path)
    assert data.items == ["x", "y", "z"]
    assert data.notes[-1].startswith("1 of 4 rows has no text")
