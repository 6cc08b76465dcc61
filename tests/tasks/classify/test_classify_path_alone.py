"""``unrolled train classify --data FILE --out RUN`` and nothing else, for every form that the docs name."""

import csv
import io
import json
import sys

import pytest

from cases import sentences

ROWS = [(label, " ".join(words)) for words, label in sentences(40, 0)]
SHORT = ["--max-steps", "2", "--hidden", "4", "--embedding", "4", "--threads", "1"]


def lines(form, head=""):
    return head + "".join(form.format(label, text) for label, text in ROWS)


def classes(form):
    """Return the texts of each label, a line each."""
    return {form.format(name): "".join(f"{t}\n" for n, t in ROWS if n == name) for name in ("good", "bad")}


TABLE = 'columns: text is "{}", label is "{}" (--text-column, --label-column)'
NUMBERED = "columns: text is column 2, label is column 1 (--text-column, --label-column)"
FORMS = {
    "csv": ({"t.csv": lines("{},{}\n", "label,text\n")}, "t.csv", TABLE.format("text", "label")),
    "quoted": (
        {"t.csv": lines('"{}","{}"\n', '"class","review"\n')},
        "t.csv",
        TABLE.format("review", "class"),
    ),
    "no header": ({"t.csv": lines("{},{}\n")}, "t.csv", NUMBERED),
    "semicolons": ({"t.csv": lines("{};{}\n", "mood;words\n")}, "t.csv", TABLE.format("words", "mood")),
    "bars": ({"t.csv": lines("{}|{}\n")}, "t.csv", NUMBERED),
    "tsv": ({"t.tsv": lines("{}\t{}\n")}, "t.tsv", NUMBERED),
    "txt with tabs": ({"t.txt": lines("{}\t{}\n")}, "t.txt", NUMBERED),
    "data": ({"t.data": lines("{},{}\n")}, "t.data", NUMBERED),
    "no ending": ({"t": lines("{}\t{}\n")}, "t", NUMBERED),
    "three bars": ({"t.txt": lines("{} ||| {}\n")}, "t.txt", NUMBERED),
    "fasttext": (
        {"t.txt": lines("__label__{} {}\n")},
        "t.txt",
        "labels: the word after __label__ in each line",
    ),
    "label first": (
        {"t.txt": lines("{} {}\n").replace("good ", "1 ").replace("bad ", "2 ")},
        "t.txt",
        "labels: the first word of each line",
    ),
    "json lines": (
        {"t.jsonl": "".join(json.dumps({"label": n, "text": t}) + "\n" for n, t in ROWS)},
        "t.jsonl",
        TABLE.format("text", "label"),
    ),
    "json array": (
        {"t.json": json.dumps([{"sentiment": n, "sentence": t} for n, t in ROWS])},
        "t.json",
        TABLE.format("sentence", "sentiment"),
    ),
    "vectors": (
        {
            "t.jsonl": "".join(
                json.dumps({"label": n, "text": [len(w) for w in t.split()]}) + "\n" for n, t in ROWS
            )
        },
        "t.jsonl",
        TABLE.format("text", "label"),
    ),
    "two files": (
        {"texts.txt": lines("{1}\n"), "labels.txt": lines("{0}\n")},
        "{0}/texts.txt,{0}/labels.txt",
        "files: texts are in texts.txt, labels in labels.txt",
    ),
    "folder of files": (classes("d/{}.txt"), "d", "labels are the names of files: bad, good"),
    "folder of endings": (classes("d/x.{}"), "d", "labels are the names of files: bad, good"),
    "folder of folders": (
        {f"d/{n}/{i}.txt": t for i, (n, t) in enumerate(ROWS)},
        "d",
        "labels are the names of folders: bad, good",
    ),
    "named files": (classes("{}.x"), "1={0}/good.x,0={0}/bad.x", ""),
    "latin-1 marks and blanks": (
        {"t.csv": "\ufeff" + lines(" {} , {} \r\n", "label , text\r\n")},
        "t.csv",
        TABLE.format("text", "label"),
    ),
    "missing": (
        {"t.csv": lines("{},{}\n", "label,text\n,what a day\ngood,\n")},
        "t.csv",
        "1 of 42 rows has no label and is left out (--missing error refuses them)",
    ),
    "names": (
        {"t.csv": "".join(f"{n},{t.split()[0]}{i}\n" for i, (n, t) in enumerate(ROWS)).replace("0", "o")},
        "t.csv",
        "tokens: characters, since a text has 1.0 words on average (--tokenizer)",
    ),
}


@pytest.fixture
def write(tmp_path):
    def written(files, source):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        return source.format(tmp_path) if "{" in source else tmp_path / source

    return written


@pytest.mark.parametrize("name", FORMS)
def test_path_alone(name, write, tmp_path, command):
    files, source, note = FORMS[name]
    done = command("train", "classify", "--data", write(files, source), "--out", tmp_path / "run", *SHORT)
    assert done.status == 0, done.err
    assert note in done.err
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    kept = config["facts"].get("notes", [])
    assert not note or note in kept
    assert config["facts"]["examples"] + config["facts"]["held_out_examples"] == 40
    assert "TF-IDF" in done.out or name == "vectors"
    assert "most frequent label" in done.out


@pytest.mark.parametrize(
    ("name", "asked", "predicted"),
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
    name, asked, predicted, write, tmp_path, command, monkeypatch
):
    files, source, _ = FORMS[name]
    data = write(files, source)
    command("train", "classify", "--data", data, "--out", tmp_path / "run", *SHORT)
    path = tmp_path / ("asked" + (data.suffix if data.is_file() else ".txt"))
    path.write_text(asked)
    done = command("predict", tmp_path / "run", "--data", path)
    head, *rows = csv.reader(io.StringIO(done.out))
    assert head == [*predicted, "predicted", "probability", "p(bad)", "p(good)"]
    assert len(rows) == 2
    assert all(float(row[-1]) + float(row[-2]) == pytest.approx(1, abs=1e-5) for row in rows)
    out = tmp_path / "p.csv"
    assert command("predict", tmp_path / "run", "--data", path, "--out", out).status == 0
    assert out.read_text() == done.out
    if path.suffix == ".txt":
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(asked.encode())))
        assert command("predict", tmp_path / "run", "--data", "-", "--out", "-").out == done.out


def test_rows_without_text_are_kept_and_counted(write, tmp_path, command):
    files, source, _ = FORMS["csv"]
    command("train", "classify", "--data", write(files, source), "--out", tmp_path / "run", *SHORT)
    (tmp_path / "a.csv").write_text("id,text\n1,fine day\n2,\n3,dull film\n")
    done = command(
        "predict", tmp_path / "run", "--data", tmp_path / "a.csv", "--top", "1", "--out", tmp_path / "p.jsonl"
    )
    rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert [row["predicted"] is None for row in rows] == [False, True, False]
    assert list(rows[0]) == ["id", "text", "predicted", "probability"]
    assert "1 of 3 rows has no text and no prediction" in done.err


def test_evaluation_reads_the_columns_of_training(write, tmp_path, command):
    files, source, _ = FORMS["semicolons"]
    data = write(files, source)
    command("train", "classify", "--data", data, "--out", tmp_path / "run", *SHORT)
    done = command("evaluate", tmp_path / "run", "--data", data)
    assert "40 examples" in done.out
    assert "cells are separated by semicolons" in done.err


def test_a_table_of_features_is_refused_with_advice(tmp_path, command):
    (tmp_path / "iris.csv").write_text("".join(f"{i / 10},{i % 7},{'ab'[i % 2]}\n" for i in range(40)))
    done = command("train", "classify", "--data", tmp_path / "iris.csv", "--out", tmp_path / "run")
    assert "A table of features holds no sequences" in done.error
    assert "scikit-learn" in done.error


def test_data_of_which_nothing_can_be_held_out(tmp_path, command):
    (tmp_path / "t.csv").write_text("text,label\n" + "a fine day,good\na dull film,bad\n" * 3)
    done = command("train", "classify", "--data", tmp_path / "t.csv", "--out", tmp_path / "run", *SHORT)
    assert "nothing is held out: 0.1 of each label is less than half a row (--valid-fraction)" in done.err


def test_comparison(write, tmp_path, command):
    files, source, note = FORMS["bars"]
    words = ["--models", "most-frequent", "tf-idf", "gru", *SHORT]
    done = command("compare", "classify", "--data", write(files, source), "--out", tmp_path / "out", *words)
    assert done.status == 0, done.err
    assert note in done.err
    assert "seed s is trained on nine tenths" in done.out


def test_files_that_are_written_in_another_way_than_the_training_data(write, tmp_path, command):
    files, source, _ = FORMS["csv"]
    run = tmp_path / "run"
    command("train", "classify", "--data", write(files, source), "--out", run, *SHORT)
    other = tmp_path / "other.csv"
    other.write_bytes("name;satz\nbad;café\ngood;fine day\n".encode("latin-1"))
    named = ["--text-column", "satz", "--separator", ";", "--encoding", "latin-1", "--header", "yes"]
    assert "bad,café," in command("predict", run, "--data", other, *named).out
    assert "2 examples" in command("evaluate", run, "--data", other, "--label-column", "name", *named).out
    assert "has no column 'text'" in command("predict", run, "--data", other, "--encoding", "latin-1").error


def test_folders_and_their_like_are_predicted_too(write, tmp_path, command):
    files, source, _ = FORMS["folder of files"]
    folder = write(files, source)
    command("train", "classify", "--data", folder, "--out", tmp_path / "run", *SHORT)
    head, *rows = csv.reader(io.StringIO(command("predict", tmp_path / "run", "--data", folder).out))
    assert (head[:2], len(rows)) == (["label", "text"], 40)
    assert "no texts to predict" in command("predict", tmp_path / "run").error
    assert "no such file" in command("predict", tmp_path / "run", "--data", tmp_path / "gone.csv").error


TEXTS, LABELS = lines("{1}\n"), lines("{0}\n")
PARTS = {
    "tables": {
        "d/train.tsv": lines("{}\t{}\n"),
        "d/dev.tsv": lines("{}\t{}\n"),
        "d/test.tsv": lines("{}\t{}\n"),
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


@pytest.mark.parametrize("name", PARTS)
def test_the_parts_of_a_folder_are_taken(name, write, tmp_path, command):
    data = write(PARTS[name] | {"d/mapping.json": "{}"}, "d")
    done = command("train", "classify", "--data", data, "--out", tmp_path / "run", *SHORT)
    assert done.status == 0, done.err
    assert "training data: train" in done.err
    assert "(--valid)" in done.err
    assert "test data: test" in done.err
    assert "not used, neither training, held-out nor test data: mapping.json" in done.err
    facts = json.loads((tmp_path / "run" / "config.json").read_text())["facts"]
    assert (facts["examples"], facts["held_out_examples"]) == (40, 40)
    assert "40 test" in done.out
    assert command("evaluate", tmp_path / "run", "--data", data).status == 1


def test_labels_of_held_out_and_test_data_that_training_lacks_count_as_wrong(write, tmp_path, command):
    odd = lines("{}\t{}\n") + "odd\tso so\n"
    data = write({"d/train.tsv": lines("{}\t{}\n"), "d/dev.tsv": odd, "d/test.tsv": odd}, "d")
    done = command("train", "classify", "--data", data, "--out", tmp_path / "run", *SHORT)
    assert done.status == 0, done.err
    for part in ("dev", "test"):
        note = (
            f"{part}.tsv: 1 of 41 examples has a label that the training data lack ('odd'): counted as wrong"
        )
        assert note in done.err
    found = json.loads((tmp_path / "run" / "result.json").read_text())["test"]
    assert (found["examples"], found["unseen_labels"]) == (41, 1)
    said = command("evaluate", tmp_path / "run", "--data", data / "dev.tsv")
    assert "counted as wrong" in said.err
    assert "41 examples (1 of them" in said.out
    assert command("inspect", tmp_path / "run", "--data", data / "dev.tsv").status == 0
