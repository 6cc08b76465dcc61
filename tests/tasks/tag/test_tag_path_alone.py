"""Every form of file that docs/tagging.md names, trained on by its path alone."""

import json

import pytest

SHORT = ("--max-steps", 2, "--hidden", 4, "--embedding", 4, "--characters", 2, "--threads", 1)
ROWS = [("Ann", "NNP", "B-PER"), ("Lee", "NNP", "I-PER"), ("sings", "VBZ", "O"), ("here", "RB", "O")]
POS = [(word, pos) for word, pos, _ in ROWS]


def columns(rows, between="\t", times=12, before=""):
    return (before + "\n".join(between.join(row) for row in rows) + "\n\n") * times


def conllu(times=12):
    rows = [
        (str(i), w, w.lower(), pos, "_", "_", "0", "x", "_", f"NER={t}")
        for i, (w, pos, t) in enumerate(ROWS, 1)
    ]
    return columns(rows, times=times, before="# text = Ann Lee sings here\n")


def germeval():
    rows = [(str(i), w, t, "O") for i, (w, _, t) in enumerate(ROWS, 1)]
    return columns(rows, before="#\thttp://a.b/c\t[2010-07-04]\t\n")


def kaggle():
    rows = [
        (f"Sentence: {i}" if not place else "", *row) for i in range(12) for place, row in enumerate(ROWS)
    ]
    return columns([("Sentence #", "Word", "POS", "Tag"), *rows], ",", times=1).rstrip("\n") + "\n"


def json_lines():
    tokens, tags = [word for word, _, _ in ROWS], [tag for _, _, tag in ROWS]
    return (json.dumps({"tokens": tokens, "ner_tags": tags}) + "\n") * 12


FORMS = {
    "t.conllu": (conllu(), "CoNLL-U: the word is form, the tag is upos"),
    "conll2003.txt": (
        "-DOCSTART- -X- O\n\n" + columns(ROWS, " "),
        "3 columns separated by blanks: the word is column 1, the tag is column 3",
    ),
    "t.conll": (columns(ROWS), "tags mark spans as BIO (IOB2)"),
    "t.iob": (columns(POS, "  "), "2 columns separated by blanks"),
    "t.bio": (columns(ROWS).replace("\n", "\r\n"), "3 columns separated by tabs"),
    "no_ending": ("\ufeff" + columns(POS).rstrip("\n"), "2 columns separated by tabs"),
    "germeval.tsv": (germeval(), "spans of the same kinds: column 3 is used"),
    "multiconer.conll": (
        columns(ROWS, " _ ", before="# id 1 domain=en\n"),
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
        columns([("Ann", "b-np"), ("Lee", "i-np"), ("sings", "b-vp"), ("here", "o")], " "),
        "tags mark spans as BIO (IOB2)",
    ),
    "first.tsv": (columns([(pos, word) for word, pos in POS]), "tags come first (--tag-column)"),
    "treetagger.txt": (
        columns([(word, pos, word.lower()) for word, pos in POS]),
        "column 3 holds lemmas: column 2 is used as the tag (--tag-column)",
    ),
    "blanks.txt": (columns(POS).replace("\n\n", "\n \t\n"), "2 columns separated by tabs"),
}


@pytest.mark.parametrize("name", FORMS)
def test_it_trains_by_path_alone_and_says_what_was_taken(tmp_path, command, name):
    text, note = FORMS[name]
    (tmp_path / name).write_bytes(text.encode())
    shown = command("train", "tag", "--data", tmp_path / name, "--out", tmp_path / "run", *SHORT)
    assert shown.status == 0, shown.err
    assert note in shown.err
    assert "held out: accuracy" in shown.out
    assert "most frequent tag of each word: accuracy 100.00%" in shown.out
    result = json.loads((tmp_path / "run" / "config.json").read_text())
    assert any(note in line for line in result["facts"]["notes"])
    shown = command("predict", tmp_path / "run", "--data", tmp_path / name, "--out", tmp_path / "out")
    assert shown.status == 0, shown.err
    assert command("evaluate", tmp_path / "run", "--data", tmp_path / name).status == 0


@pytest.mark.parametrize("column", ["xpos", "feats", "lemma", "deprel", "misc", "NER", "misc:NER", "4"])
def test_other_columns_of_conllu(tmp_path, command, column):
    (tmp_path / "t.conllu").write_text(conllu().replace("\t_\t_\t0", "\tX\tA=B\t0"))
    out = tmp_path / "run"
    shown = command(
        "train", "tag", "--data", tmp_path / "t.conllu", "--out", out, "--tag-column", column, *SHORT
    )
    assert shown.status == 0, shown.err


def test_words_and_slots_in_two_files(tmp_path, command):
    (tmp_path / "seq.in").write_text("Ann Lee sings here\n" * 12)
    (tmp_path / "seq.out").write_text("B-PER I-PER O O\n" * 12)
    both = f"{tmp_path / 'seq.in'},{tmp_path / 'seq.out'}"
    for data, run in ((both, "a"), (tmp_path, "b")):
        shown = command("train", "tag", "--data", data, "--out", tmp_path / run, *SHORT)
        assert shown.status == 0, shown.err
        assert "words are lines of seq.in, tags are lines of seq.out" in shown.err
        assert "--output crf, --select span_f1" in shown.err


def test_a_tag_that_only_the_held_out_part_has_is_counted(tmp_path, command):
    rows = columns(POS, times=9) + "Ann\tNNP\nlaughs\tODD\n\n"
    (tmp_path / "t.txt").write_text(rows)
    shown = command("train", "tag", "--data", tmp_path / "t.txt", "--out", tmp_path / "run", *SHORT)
    assert shown.status == 0, shown.err
    assert "1 of 2 held-out words has a tag that the training data lack" in shown.err
    for output in ("softmax", "crf"):
        shown = command(
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
        assert shown.status == 0, shown.err
        score = json.loads((tmp_path / output / "result.json").read_text())["valid"]
        assert score["unseen"] == 1
        assert score["tags"] == ["NNP", "RB", "VBZ", "ODD"]


def test_missing_tags_are_counted_or_refused(tmp_path, command):
    path = tmp_path / "t.conllu"
    path.write_text(conllu() + conllu(1).replace("\tRB\t", "\t_\t"))
    shown = command("train", "tag", "--data", path, "--out", tmp_path / "run", *SHORT)
    assert "1 word without a tag (the first in line 77); 1 of 13 sentences left out" in shown.err
    shown = command("train", "tag", "--data", path, "--out", tmp_path / "b", "--missing", "error", *SHORT)
    assert "line 77, word 'here' has no tag; --missing drop" in shown.error


def test_one_sentence_holds_nothing_out(tmp_path, command):
    (tmp_path / "t.txt").write_text(columns(POS, times=1))
    shown = command("train", "tag", "--data", tmp_path / "t.txt", "--out", tmp_path / "run", *SHORT)
    assert shown.status == 0, shown.err
    assert "one sentence: nothing is held out" in shown.err


def test_a_model_that_loses_to_counting_says_so_first(tmp_path, command):
    (tmp_path / "t.txt").write_text(
        "".join(f"w{i}\t{t}\n\n" for _ in range(9) for i, t in enumerate("ABCDEFGH"))
    )
    shown = command("train", "tag", "--data", tmp_path / "t.txt", "--out", tmp_path / "run", *SHORT)
    assert shown.out.splitlines()[0].startswith(
        "most frequent tag of each word is the better choice here: accuracy 1"
    )


def test_a_held_out_part_without_spans_is_scored_by_accuracy(tmp_path, command):
    (tmp_path / "t.txt").write_text(columns(ROWS) + columns([(w, p, "O") for w, p, _ in ROWS], times=3))
    shown = command("train", "tag", "--data", tmp_path / "t.txt", "--out", tmp_path / "run", *SHORT)
    assert shown.status == 0, shown.err
    assert "the held-out part has no spans: weights are selected by accuracy (--valid, --select)" in shown.err
    assert "--output crf, --select accuracy" in shown.err
    (tmp_path / "o.txt").write_text(columns([(w, p, "O") for w, p, _ in ROWS]))
    for data in ("o.txt", "t.txt"):
        shown = command("evaluate", tmp_path / "run", "--data", tmp_path / data)
        assert ("no spans to find: there is no span F1" in shown.out) == (data == "o.txt")
        assert ("span F1 " in shown.out.replace("no span F1", "")) == (data == "t.txt")


FOLDERS = {
    "columns": {f"{part}.conll": columns(ROWS) for part in ("train", "dev", "test")},
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
def test_the_parts_of_a_folder_are_taken(tmp_path, command, name):
    for file, text in (FOLDERS[name] | {"README.md": "about", "LICENSE.txt": "free"}).items():
        path = tmp_path / "d" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shown = command("train", "tag", "--data", tmp_path / "d", "--out", tmp_path / "run", *SHORT)
    assert shown.status == 0, shown.err
    for part in ("training data: ", "held-out data: ", "test data: "):
        assert part in shown.err
    facts = json.loads((tmp_path / "run" / "config.json").read_text())["facts"]
    assert (facts["sentences"], facts["held_out_sentences"]) == (12, 12)


def test_one_file_in_a_folder_is_taken(tmp_path, command):
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "ner.txt").write_text(columns(ROWS))
    (folder / "README.md").write_text("about")
    shown = command("train", "tag", "--data", folder, "--out", tmp_path / "run", *SHORT)
    assert shown.status == 0, shown.err
    assert "training data: ner.txt (--data)" in shown.err


def test_compare_cuts_its_own_test_data(tmp_path, command):
    (tmp_path / "t.txt").write_text(columns(POS, times=20))
    paths = ("--data", tmp_path / "t.txt", "--out", tmp_path / "out")
    shown = command("compare", "tag", *paths, "--models", "majority", "gru", "--budget", 0.0005, *SHORT[2:])
    assert shown.status == 0, shown.err
    assert "test data: the last 2 sentences (or --test)" in shown.err


def test_held_out_and_test_files_are_read_as_the_training_file(tmp_path, command):
    (tmp_path / "t.txt").write_text(columns(ROWS))
    (tmp_path / "v.txt").write_text(columns([(*row, "extra") for row in ROWS]))
    (tmp_path / "i.txt").write_text("Ann/B-PER sings/O\n")
    for other in ("v.txt", "i.txt"):
        both = ("--valid", tmp_path / other, "--test", tmp_path / other)
        shown = command(
            "train", "tag", "--data", tmp_path / "t.txt", "--out", tmp_path / other[0], *both, *SHORT
        )
        assert shown.status == 0, shown.err
        score = json.loads((tmp_path / other[0] / "result.json").read_text())
        assert score["valid"]["unseen"] == score["test"]["unseen"] == 0


def test_a_sentence_of_thousands_of_words(tmp_path, command):
    (tmp_path / "t.txt").write_text(columns(ROWS * 700, " ", times=1) + columns(ROWS, " "))
    shown = command("train", "tag", "--data", tmp_path / "t.txt", "--out", tmp_path / "run", *SHORT)
    assert shown.status == 0, shown.err


def test_predictions_of_predictions_are_the_same(tmp_path, command):
    (tmp_path / "t.txt").write_text("# a comment\n" + columns(ROWS, " "))
    assert (
        command("train", "tag", "--data", tmp_path / "t.txt", "--out", tmp_path / "run", *SHORT).status == 0
    )
    for once, again in (("t.txt", "a"), ("a", "b")):
        command("predict", tmp_path / "run", "--data", tmp_path / once, "--out", tmp_path / again)
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text()
    assert "accuracy 100.00%" in command("evaluate", tmp_path / "run", "--data", tmp_path / "a").out
