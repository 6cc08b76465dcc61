"""``unrolled train classify --data FILE --out RUN`` without other options, for every documented format."""

import csv
import io
import json
import sys

import pytest

from cases import sentences

ROWS = [(label, " ".join(options)) for options, label in sentences(40, 0)]
SHORT = ["--max-steps", "2", "--hidden", "4", "--embedding", "4", "--threads", "1"]


def format_rows(template, head=""):
    return head + "".join(template.format(label, text) for label, text in ROWS)


def texts_by_label(template):
    """Return one file name and content per label, with one text per line."""
    return {
        template.format(name): "".join(f"{t}\n" for n, t in ROWS if n == name) for name in ("good", "bad")
    }


NAMED_COLUMNS = 'columns: text is "{}", label is "{}" (--text-column, --label-column)'
NUMBERED_COLUMNS = "columns: text is column 2, label is column 1 (--text-column, --label-column)"
FORMS = {
    "csv": (
        {"t.csv": format_rows("{},{}\n", "label,text\n")},
        "t.csv",
        NAMED_COLUMNS.format("text", "label"),
    ),
    "quoted": (
        {"t.csv": format_rows('"{}","{}"\n', '"class","review"\n')},
        "t.csv",
        NAMED_COLUMNS.format("review", "class"),
    ),
    "no header": ({"t.csv": format_rows("{},{}\n")}, "t.csv", NUMBERED_COLUMNS),
    "semicolons": (
        {"t.csv": format_rows("{};{}\n", "mood;words\n")},
        "t.csv",
        NAMED_COLUMNS.format("words", "mood"),
    ),
    "bars": ({"t.csv": format_rows("{}|{}\n")}, "t.csv", NUMBERED_COLUMNS),
    "tsv": ({"t.tsv": format_rows("{}\t{}\n")}, "t.tsv", NUMBERED_COLUMNS),
    "txt with tabs": ({"t.txt": format_rows("{}\t{}\n")}, "t.txt", NUMBERED_COLUMNS),
    "data": ({"t.data": format_rows("{},{}\n")}, "t.data", NUMBERED_COLUMNS),
    "no ending": ({"t": format_rows("{}\t{}\n")}, "t", NUMBERED_COLUMNS),
    "three bars": ({"t.txt": format_rows("{} ||| {}\n")}, "t.txt", NUMBERED_COLUMNS),
    "fasttext": (
        {"t.txt": format_rows("__label__{} {}\n")},
        "t.txt",
        "labels: the word after __label__ in each line",
    ),
    "label first": (
        {"t.txt": format_rows("{} {}\n").replace("good ", "1 ").replace("bad ", "2 ")},
        "t.txt",
        "labels: the first word of each line",
    ),
    "json lines": (
        {"t.jsonl": "".join(json.dumps({"label": n, "text": t}) + "\n" for n, t in ROWS)},
        "t.jsonl",
        NAMED_COLUMNS.format("text", "label"),
    ),
    "json array": (
        {"t.json": json.dumps([{"sentiment": n, "sentence": t} for n, t in ROWS])},
        "t.json",
        NAMED_COLUMNS.format("sentence", "sentiment"),
    ),
    "vectors": (
        {
            "t.jsonl": "".join(
                json.dumps({"label": n, "text": [len(w) for w in t.split()]}) + "\n" for n, t in ROWS
            )
        },
        "t.jsonl",
        NAMED_COLUMNS.format("text", "label"),
    ),
    "two files": (
        {"texts.txt": format_rows("{1}\n"), "labels.txt": format_rows("{0}\n")},
        "{0}/texts.txt,{0}/labels.txt",
        "files: texts are in texts.txt, labels in labels.txt",
    ),
    "folder of files": (texts_by_label("d/{}.txt"), "d", "labels are the names of files: bad, good"),
    "folder of endings": (texts_by_label("d/x.{}"), "d", "labels are the names of files: bad, good"),
    "folder of folders": (
        {f"d/{n}/{i}.txt": t for i, (n, t) in enumerate(ROWS)},
        "d",
        "labels are the names of folders: bad, good",
    ),
    "named files": (texts_by_label("{}.x"), "1={0}/good.x,0={0}/bad.x", ""),
    "latin-1 marks and blanks": (
        {"t.csv": "\ufeff" + format_rows(" {} , {} \r\n", "label , text\r\n")},
        "t.csv",
        NAMED_COLUMNS.format("text", "label"),
    ),
    "missing": (
        {"t.csv": format_rows("{},{}\n", "label,text\n,what a day\ngood,\n")},
        "t.csv",
        "1 of 42 rows has no label and is left out (--missing error refuses them)",
    ),
    "names": (
        {"t.csv": "".join(f"{n},{t.split()[0]}{i}\n" for i, (n, t) in enumerate(ROWS)).replace("0", "o")},
        "t.csv",
        "using characters as tokens, because texts have 1.0 words on average; change with --tokenizer",
    ),
}


@pytest.fixture
def write(tmp_path):
    def write_files(files, source):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        return source.format(tmp_path) if "{" in source else tmp_path / source

    return write_files


@pytest.mark.parametrize("name", FORMS)
def test_training_needs_only_a_path(name, write, tmp_path, command):
    files, source, note = FORMS[name]
    outcome = command("train", "classify", "--data", write(files, source), "--out", tmp_path / "run", *SHORT)
    assert outcome.status == 0, outcome.err
    assert note in outcome.err
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    stored_notes = config["facts"].get("notes", [])
    assert not note or note in stored_notes
    assert config["facts"]["examples"] + config["facts"]["held_out_examples"] == 40
    assert "TF-IDF" in outcome.out or name == "vectors"
    assert "most frequent label" in outcome.out


@pytest.mark.parametrize(
    ("name", "input_text", "columns"),
    [
        ("csv", "text,id\nfine day,7\ndull film,8\n", ["text", "id"]),
        ("csv", "review\nfine day\ndull film\n", ["review"]),
        ("no header", "x,fine day\ny,dull film\n", ["1", "2"]),
        ("tsv", "good\tfine day\nbad\tdull film\n", ["1", "2"]),
        ("txt with tabs", "good\tfine day\nbad\tdull film\n", ["1", "2"]),
        ("txt with tabs", "fine day\ndull film\n", ["text"]),
        ("fasttext", "fine, day\ndull, film\n", ["text"]),
        ("fasttext", "__label__good fine day\n__label__bad dull film\n", ["label", "text"]),
        ("folder of files", "fine day\ndull film\n", ["text"]),
        ("json lines", '{"id": 7, "text": "fine day"}\n{"id": 8, "text": "dull film"}\n', ["id", "text"]),
    ],
)
def test_predictions_keep_the_columns_of_the_input(
    name, input_text, columns, write, tmp_path, command, monkeypatch
):
    files, source, _ = FORMS[name]
    data = write(files, source)
    command("train", "classify", "--data", data, "--out", tmp_path / "run", *SHORT)
    path = tmp_path / ("asked" + (data.suffix if data.is_file() else ".txt"))
    path.write_text(input_text)
    outcome = command("predict", tmp_path / "run", "--data", path)
    head, *rows = csv.reader(io.StringIO(outcome.out))
    assert head == [*columns, "predicted", "probability", "p(bad)", "p(good)"]
    assert len(rows) == 2
    assert all(float(row[-1]) + float(row[-2]) == pytest.approx(1, abs=1e-5) for row in rows)
    out = tmp_path / "p.csv"
    assert command("predict", tmp_path / "run", "--data", path, "--out", out).status == 0
    assert out.read_text() == outcome.out
    if path.suffix == ".txt":
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(input_text.encode())))
        assert command("predict", tmp_path / "run", "--data", "-", "--out", "-").out == outcome.out


def test_rows_without_text_are_kept_and_counted(write, tmp_path, command):
    files, source, _ = FORMS["csv"]
    command("train", "classify", "--data", write(files, source), "--out", tmp_path / "run", *SHORT)
    (tmp_path / "a.csv").write_text("id,text\n1,fine day\n2,\n3,dull film\n")
    outcome = command(
        "predict", tmp_path / "run", "--data", tmp_path / "a.csv", "--top", "1", "--out", tmp_path / "p.jsonl"
    )
    rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert [row["predicted"] is None for row in rows] == [False, True, False]
    assert list(rows[0]) == ["id", "text", "predicted", "probability"]
    assert "1 of 3 rows has no text and no prediction" in outcome.err


def test_evaluation_reads_the_columns_of_training(write, tmp_path, command):
    files, source, _ = FORMS["semicolons"]
    data = write(files, source)
    command("train", "classify", "--data", data, "--out", tmp_path / "run", *SHORT)
    outcome = command("evaluate", tmp_path / "run", "--data", data)
    assert "40 examples" in outcome.out
    assert "cells are separated by semicolons" in outcome.err


def test_a_table_of_features_is_refused_with_advice(tmp_path, command):
    (tmp_path / "iris.csv").write_text("".join(f"{i / 10},{i % 7},{'ab'[i % 2]}\n" for i in range(40)))
    outcome = command("train", "classify", "--data", tmp_path / "iris.csv", "--out", tmp_path / "run")
    assert "A table of features holds no sequences" in outcome.error
    assert "scikit-learn" in outcome.error


def test_tiny_data_are_trained_without_validation(tmp_path, command):
    (tmp_path / "t.csv").write_text("text,label\n" + "a fine day,good\na dull film,bad\n" * 3)
    outcome = command("train", "classify", "--data", tmp_path / "t.csv", "--out", tmp_path / "run", *SHORT)
    assert "nothing is held out: 0.1 of each label is less than half a row (--valid-fraction)" in outcome.err


def test_comparison(write, tmp_path, command):
    files, source, note = FORMS["bars"]
    options = ["--models", "most-frequent", "tf-idf", "gru", *SHORT]
    outcome = command(
        "compare", "classify", "--data", write(files, source), "--out", tmp_path / "out", *options
    )
    assert outcome.status == 0, outcome.err
    assert note in outcome.err
    assert "seed s is trained on nine tenths" in outcome.out


def test_prediction_data_may_have_another_format(write, tmp_path, command):
    files, source, _ = FORMS["csv"]
    run = tmp_path / "run"
    command("train", "classify", "--data", write(files, source), "--out", run, *SHORT)
    other = tmp_path / "other.csv"
    other.write_bytes("name;satz\nbad;café\ngood;fine day\n".encode("latin-1"))
    options = ["--text-column", "satz", "--separator", ";", "--encoding", "latin-1", "--header", "yes"]
    assert "bad,café," in command("predict", run, "--data", other, *options).out
    assert "2 examples" in command("evaluate", run, "--data", other, "--label-column", "name", *options).out
    assert "has no column 'text'" in command("predict", run, "--data", other, "--encoding", "latin-1").error


def test_folders_are_predicted_too(write, tmp_path, command):
    files, source, _ = FORMS["folder of files"]
    folder = write(files, source)
    command("train", "classify", "--data", folder, "--out", tmp_path / "run", *SHORT)
    head, *rows = csv.reader(io.StringIO(command("predict", tmp_path / "run", "--data", folder).out))
    assert (head[:2], len(rows)) == (["label", "text"], 40)
    assert "no texts to predict" in command("predict", tmp_path / "run").error
    assert "no such file" in command("predict", tmp_path / "run", "--data", tmp_path / "gone.csv").error


TEXTS, LABELS = format_rows("{1}\n"), format_rows("{0}\n")
SPLIT_FOLDERS = {
    "tables": {
        "d/train.tsv": format_rows("{}\t{}\n"),
        "d/dev.tsv": format_rows("{}\t{}\n"),
        "d/test.tsv": format_rows("{}\t{}\n"),
    },
    "texts and labels": {
        f"d/{part}_{kind}.txt": text
        for part in ("train", "val", "test")
        for kind, text in (("text", TEXTS), ("labels", LABELS))
    },
    "folders": {
        f"d/{part}/{n}/{i}.txt": t for part in ("train", "valid", "test") for i, (n, t) in enumerate(ROWS)
    },
}


@pytest.mark.parametrize("name", SPLIT_FOLDERS)
def test_the_splits_of_a_folder_are_found(name, write, tmp_path, command):
    data = write(SPLIT_FOLDERS[name] | {"d/mapping.json": "{}"}, "d")
    outcome = command("train", "classify", "--data", data, "--out", tmp_path / "run", *SHORT)
    assert outcome.status == 0, outcome.err
    assert "training data: train" in outcome.err
    assert "(--valid)" in outcome.err
    assert "test data: test" in outcome.err
    assert "not used, neither training, held-out nor test data: mapping.json" in outcome.err
    data_info = json.loads((tmp_path / "run" / "config.json").read_text())["facts"]
    assert (data_info["examples"], data_info["held_out_examples"]) == (40, 40)
    assert "40 test" in outcome.out
    assert command("evaluate", tmp_path / "run", "--data", data).status == 1


@pytest.mark.slow
def test_unknown_labels_in_held_out_and_test_data_count_as_wrong(write, tmp_path, command):
    with_unknown_label = format_rows("{}\t{}\n") + "odd\tso so\n"
    data = write(
        {
            "d/train.tsv": format_rows("{}\t{}\n"),
            "d/dev.tsv": with_unknown_label,
            "d/test.tsv": with_unknown_label,
        },
        "d",
    )
    outcome = command("train", "classify", "--data", data, "--out", tmp_path / "run", *SHORT)
    assert outcome.status == 0, outcome.err
    for part in ("dev", "test"):
        note = (
            f"{part}.tsv: 1 of 41 examples has a label that the training data lack ('odd'): counted as wrong"
        )
        assert note in outcome.err
    test_result = json.loads((tmp_path / "run" / "result.json").read_text())["test"]
    assert (test_result["examples"], test_result["unseen_labels"]) == (41, 1)
    evaluated = command("evaluate", tmp_path / "run", "--data", data / "dev.tsv")
    assert "counted as wrong" in evaluated.err
    assert "41 examples (1 of them" in evaluated.out
    assert command("inspect", tmp_path / "run", "--data", data / "dev.tsv").status == 0
