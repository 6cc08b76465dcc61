"""``unrolled train tag`` needs only a path, for every file format in docs/tagging.md."""

import json

import pytest

SHORT = ("--max-steps", 2, "--hidden", 4, "--embedding", 4, "--characters", 2, "--threads", 1)
ROWS = [("Ann", "NNP", "B-PER"), ("Lee", "NNP", "I-PER"), ("sings", "VBZ", "O"), ("here", "RB", "O")]
POS = [(word, pos) for word, pos, _ in ROWS]


def format_columns(rows, separator="\t", times=12, header=""):
    return (header + "\n".join(separator.join(row) for row in rows) + "\n\n") * times


def conllu(times=12):
    rows = [
        (str(i), w, w.lower(), pos, "_", "_", "0", "x", "_", f"NER={t}")
        for i, (w, pos, t) in enumerate(ROWS, 1)
    ]
    return format_columns(rows, times=times, header="# text = Ann Lee sings here\n")


def germeval():
    rows = [(str(i), w, t, "O") for i, (w, _, t) in enumerate(ROWS, 1)]
    return format_columns(rows, header="#\thttp://a.b/c\t[2010-07-04]\t\n")


def kaggle():
    rows = [
        (f"Sentence: {i}" if not index else "", *row) for i in range(12) for index, row in enumerate(ROWS)
    ]
    return format_columns([("Sentence #", "Word", "POS", "Tag"), *rows], ",", times=1).rstrip("\n") + "\n"


def json_lines():
    tokens, tags = [word for word, _, _ in ROWS], [tag for _, _, tag in ROWS]
    return (json.dumps({"tokens": tokens, "ner_tags": tags}) + "\n") * 12


FORMATS = {
    "t.conllu": (conllu(), "CoNLL-U: the word is form, the tag is upos"),
    "conll2003.txt": (
        "-DOCSTART- -X- O\n\n" + format_columns(ROWS, " "),
        "3 columns separated by blanks: the word is column 1, the tag is column 3",
    ),
    "t.conll": (format_columns(ROWS), "tags mark spans as BIO (IOB2)"),
    "t.iob": (format_columns(POS, "  "), "2 columns separated by blanks"),
    "t.bio": (format_columns(ROWS).replace("\n", "\r\n"), "3 columns separated by tabs"),
    "no_ending": ("\ufeff" + format_columns(POS).rstrip("\n"), "2 columns separated by tabs"),
    "germeval.tsv": (germeval(), "spans of the same kinds: column 3 is used"),
    "multiconer.conll": (
        format_columns(ROWS, " _ ", header="# id 1 domain=en\n"),
        "comments: 12 lines starting with #",
    ),
    "brown.txt": ("Ann/NNP Lee/NNP sings/VBZ here/RB\n" * 12, "each line is a sentence of word/TAG"),
    "low.txt": ("Ann_NNP Lee_NNP sings_VBZ\n" * 12, "each line is a sentence of word_TAG"),
    "ner.csv": (
        kaggle(),
        "table: sentences are numbered by 'Sentence #', the word is 'Word', the tag is 'Tag'",
    ),
    "rows.tsv": (
        "Ann Lee sings here\tNNP NNP VBZ RB\n" * 12,
        "each row is a sentence: its words are in column 1",
    ),
    "t.jsonl": (json_lines(), "JSON: the words are 'tokens', the tags are 'ner_tags'"),
    "ritter.txt": (
        format_columns([("Ann", "b-np"), ("Lee", "i-np"), ("sings", "b-vp"), ("here", "o")], " "),
        "tags mark spans as BIO (IOB2)",
    ),
    "first.tsv": (format_columns([(pos, word) for word, pos in POS]), "tags come first (--tag-column)"),
    "treetagger.txt": (
        format_columns([(word, pos, word.lower()) for word, pos in POS]),
        "column 3 holds lemmas: column 2 is used as the tag (--tag-column)",
    ),
    "blanks.txt": (format_columns(POS).replace("\n\n", "\n \t\n"), "2 columns separated by tabs"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_trains_from_its_path_with_a_note(tmp_path, command, name):
    text, note = FORMATS[name]
    (tmp_path / name).write_bytes(text.encode())
    outcome = command("train", "tag", "--data", tmp_path / name, "--out", tmp_path / "run", *SHORT)
    assert outcome.status == 0, outcome.err
    assert note in outcome.err
    assert "held out: accuracy" in outcome.out
    assert "most frequent tag of each word: accuracy 100.00%" in outcome.out
    result = json.loads((tmp_path / "run" / "config.json").read_text())
    assert any(note in line for line in result["facts"]["notes"])
    outcome = command("predict", tmp_path / "run", "--data", tmp_path / name, "--out", tmp_path / "out")
    assert outcome.status == 0, outcome.err
    assert command("evaluate", tmp_path / "run", "--data", tmp_path / name).status == 0


@pytest.mark.parametrize("column", ["xpos", "feats", "lemma", "deprel", "misc", "NER", "misc:NER", "4"])
def test_other_columns_of_conllu(tmp_path, command, column):
    (tmp_path / "t.conllu").write_text(conllu().replace("\t_\t_\t0", "\tX\tA=B\t0"))
    out = tmp_path / "run"
    outcome = command(
        "train", "tag", "--data", tmp_path / "t.conllu", "--out", out, "--tag-column", column, *SHORT
    )
    assert outcome.status == 0, outcome.err


def test_words_and_slots_in_two_files(tmp_path, command):
    (tmp_path / "seq.in").write_text("Ann Lee sings here\n" * 12)
    (tmp_path / "seq.out").write_text("B-PER I-PER O O\n" * 12)
    files = f"{tmp_path / 'seq.in'},{tmp_path / 'seq.out'}"
    for data, run in ((files, "a"), (tmp_path, "b")):
        outcome = command("train", "tag", "--data", data, "--out", tmp_path / run, *SHORT)
        assert outcome.status == 0, outcome.err
        assert "words are lines of seq.in, tags are lines of seq.out" in outcome.err
        assert "--output crf, --select span_f1" in outcome.err


def test_unknown_held_out_tags_are_counted(tmp_path, command):
    rows = format_columns(POS, times=9) + "Ann\tNNP\nlaughs\tODD\n\n"
    (tmp_path / "t.txt").write_text(rows)
    outcome = command("train", "tag", "--data", tmp_path / "t.txt", "--out", tmp_path / "run", *SHORT)
    assert outcome.status == 0, outcome.err
    assert "1 of 2 held-out words has a tag that the training data lack" in outcome.err
    for output in ("softmax", "crf"):
        outcome = command(
            "train",
            "tag",
            "--data",
            tmp_path / "t.txt",
            "--out",
            tmp_path / output,
            "--output",
            output,
            *SHORT,
        )
        assert outcome.status == 0, outcome.err
        score = json.loads((tmp_path / output / "result.json").read_text())["valid"]
        assert score["unseen"] == 1
        assert score["tags"] == ["NNP", "RB", "VBZ", "ODD"]


def test_missing_tags_are_counted_or_refused(tmp_path, command):
    path = tmp_path / "t.conllu"
    path.write_text(conllu() + conllu(1).replace("\tRB\t", "\t_\t"))
    outcome = command("train", "tag", "--data", path, "--out", tmp_path / "run", *SHORT)
    assert "1 word without a tag (the first in line 77); 1 of 13 sentences left out" in outcome.err
    outcome = command("train", "tag", "--data", path, "--out", tmp_path / "b", "--missing", "error", *SHORT)
    assert "line 77, word 'here' has no tag; --missing drop" in outcome.error


def test_one_sentence_is_trained_without_validation(tmp_path, command):
    (tmp_path / "t.txt").write_text(format_columns(POS, times=1))
    outcome = command("train", "tag", "--data", tmp_path / "t.txt", "--out", tmp_path / "run", *SHORT)
    assert outcome.status == 0, outcome.err
    assert "one sentence: nothing is held out" in outcome.err


def test_a_better_baseline_is_the_first_line(tmp_path, command):
    (tmp_path / "t.txt").write_text(
        "".join(f"w{i}\t{t}\n\n" for _ in range(9) for i, t in enumerate("ABCDEFGH"))
    )
    outcome = command("train", "tag", "--data", tmp_path / "t.txt", "--out", tmp_path / "run", *SHORT)
    assert outcome.out.splitlines()[0].startswith(
        "most frequent tag of each word is the better choice here: accuracy 1"
    )


def test_a_held_out_part_without_spans_is_scored_by_accuracy(tmp_path, command):
    (tmp_path / "t.txt").write_text(
        format_columns(ROWS) + format_columns([(w, p, "O") for w, p, _ in ROWS], times=3)
    )
    outcome = command("train", "tag", "--data", tmp_path / "t.txt", "--out", tmp_path / "run", *SHORT)
    assert outcome.status == 0, outcome.err
    assert (
        "the held-out part has no spans: weights are selected by accuracy (--valid, --select)" in outcome.err
    )
    assert "--output crf, --select accuracy" in outcome.err
    (tmp_path / "o.txt").write_text(format_columns([(w, p, "O") for w, p, _ in ROWS]))
    for data in ("o.txt", "t.txt"):
        outcome = command("evaluate", tmp_path / "run", "--data", tmp_path / data)
        assert ("no spans to find: there is no span F1" in outcome.out) == (data == "o.txt")
        assert ("span F1 " in outcome.out.replace("no span F1", "")) == (data == "t.txt")


FOLDERS = {
    "columns": {f"{part}.conll": format_columns(ROWS) for part in ("train", "dev", "test")},
    "treebank": {
        f"en_x-ud-{part}.{ending}": text
        for part in ("train", "dev", "test")
        for ending, text in (("conllu", conllu()), ("txt", "Ann Lee sings here\n"))
    },
    "utterances": {
        f"{part}/seq.{side}": line * 12
        for part in ("train", "dev", "test")
        for side, line in (("in", "Ann Lee sings here\n"), ("out", "B-P I-P O O\n"))
    },
}


@pytest.mark.parametrize("name", FOLDERS)
def test_the_splits_of_a_folder_are_found(tmp_path, command, name):
    for file, text in (FOLDERS[name] | {"README.md": "about", "LICENSE.txt": "free"}).items():
        path = tmp_path / "d" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    outcome = command("train", "tag", "--data", tmp_path / "d", "--out", tmp_path / "run", *SHORT)
    assert outcome.status == 0, outcome.err
    for part in ("training data: ", "held-out data: ", "test data: "):
        assert part in outcome.err
    data_info = json.loads((tmp_path / "run" / "config.json").read_text())["facts"]
    assert (data_info["sentences"], data_info["held_out_sentences"]) == (12, 12)


def test_the_only_data_file_of_a_folder_is_found(tmp_path, command):
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "ner.txt").write_text(format_columns(ROWS))
    (folder / "README.md").write_text("about")
    outcome = command("train", "tag", "--data", folder, "--out", tmp_path / "run", *SHORT)
    assert outcome.status == 0, outcome.err
    assert "training data: ner.txt (--data)" in outcome.err


def test_compare_splits_off_test_data(tmp_path, command):
    (tmp_path / "t.txt").write_text(format_columns(POS, times=20))
    paths = ("--data", tmp_path / "t.txt", "--out", tmp_path / "out")
    outcome = command("compare", "tag", *paths, "--models", "majority", "gru", "--budget", 0.0005, *SHORT[2:])
    assert outcome.status == 0, outcome.err
    assert "test data: the last 2 sentences (or --test)" in outcome.err


def test_held_out_and_test_files_use_the_columns_of_training(tmp_path, command):
    (tmp_path / "t.txt").write_text(format_columns(ROWS))
    (tmp_path / "v.txt").write_text(format_columns([(*row, "extra") for row in ROWS]))
    (tmp_path / "i.txt").write_text("Ann/B-PER sings/O\n")
    for other in ("v.txt", "i.txt"):
        files = ("--valid", tmp_path / other, "--test", tmp_path / other)
        outcome = command(
            "train", "tag", "--data", tmp_path / "t.txt", "--out", tmp_path / other[0], *files, *SHORT
        )
        assert outcome.status == 0, outcome.err
        score = json.loads((tmp_path / other[0] / "result.json").read_text())
        assert score["valid"]["unseen"] == score["test"]["unseen"] == 0


@pytest.mark.slow
def test_a_sentence_of_thousands_of_words(tmp_path, command):
    (tmp_path / "t.txt").write_text(format_columns(ROWS * 700, " ", times=1) + format_columns(ROWS, " "))
    outcome = command("train", "tag", "--data", tmp_path / "t.txt", "--out", tmp_path / "run", *SHORT)
    assert outcome.status == 0, outcome.err


def test_predicting_a_prediction_file_gives_the_same_file(tmp_path, command):
    (tmp_path / "t.txt").write_text("# a comment\n" + format_columns(ROWS, " "))
    assert (
        command("train", "tag", "--data", tmp_path / "t.txt", "--out", tmp_path / "run", *SHORT).status == 0
    )
    for input_name, output_name in (("t.txt", "a"), ("a", "b")):
        command("predict", tmp_path / "run", "--data", tmp_path / input_name, "--out", tmp_path / output_name)
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text()
    assert "accuracy 100.00%" in command("evaluate", tmp_path / "run", "--data", tmp_path / "a").out
