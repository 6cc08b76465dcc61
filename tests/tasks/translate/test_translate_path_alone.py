"""``unrolled train translate --data FILE --out RUN`` alone, for every form of file that docs name."""

import gzip
import json

import pytest

SHORT = ("--max-steps", 2, "--hidden", 8, "--embedding", 4, "--beams", 1, "--threads", 1, "--batch", 8)
NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
THINGS = ["cars", "hats", "pens", "cups", "keys", "maps"]
PAIRS = [(f"give me {n} red {t}", f"donne {n} {t} rouges") for n in NUMBERS for t in THINGS] * 2


def lines(form):
    return "".join(form.format(s, t, i) + "\n" for i, (s, t) in enumerate(PAIRS))


FORMS = {
    "tabs.txt": lines("{}\t{}"),
    "attribution.txt": lines("{}\t{}\tCC-BY 2.0 (France) Attribution: #{}"),
    "bars.txt": lines("{} ||| {}"),
    "marks": lines("{}_{}"),
    "plain.tsv": lines("{}\t{}"),
    "named.tsv": "source\ttarget\n" + lines("{}\t{}"),
    "swapped.csv": "target,source\n" + "".join(f"{t},{s}\n" for s, t in PAIRS),
    "semicolons.csv": "English;French\n" + lines("{};{}"),
    "ids.csv": "id,en,fr\n" + lines("{2},{0},{1}"),
    "objects.jsonl": lines('{{"en": "{}", "fr": "{}"}}'),
    "nested.jsonl": lines('{{"translation": {{"en": "{}", "fr": "{}"}}}}'),
    "array.json": json.dumps([{"input": s, "output": t} for s, t in PAIRS]),
    "packed.tsv.gz": lines("{}\t{}"),
}


def write(path, text):
    raw = text.encode()
    path.write_bytes(gzip.compress(raw) if path.name.endswith(".gz") else raw)
    return path


@pytest.mark.parametrize("name", FORMS)
def test_one_file(command, tmp_path, name):
    data = write(tmp_path / name, FORMS[name])
    done = command("train", "translate", "--data", data, "--out", tmp_path / "run", *SHORT)
    assert done.status == 0, done.err
    assert "columns: source is " in done.err
    assert "(--source-column, --target-column)" in done.err
    assert "tokens are words: sources and targets have few different words (--tokenizer)" in done.err
    assert "held-out pairs: 12" in done.out
    facts = json.loads((tmp_path / "run" / "config.json").read_text())["facts"]
    assert facts["pairs"] == 108
    config = json.loads((tmp_path / "run" / "config.json").read_text())["config"]
    assert config["text"]["tokenizer"] == "word"
    assert config["corpus"]["source_column"]
    again = command("evaluate", tmp_path / "run", "--data", data, "--json")
    assert json.loads(again.out)["pairs"] == 120


def two_files(folder, part, pairs):
    for side, ending in enumerate(("en", "fr")):
        write(folder / f"{part}.{ending}", "".join(pair[side] + "\n" for pair in pairs))


def test_two_files(command, tmp_path):
    two_files(tmp_path, "train", PAIRS)
    files = f"{tmp_path / 'train.en'},{tmp_path / 'train.fr'}"
    done = command("train", "translate", "--data", files, "--out", tmp_path / "run", *SHORT)
    assert done.status == 0, done.err
    assert "source is train.en, target is train.fr (--data train.fr,train.en swaps them)" in done.err


def test_a_folder(command, tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for part, count in (("train", 30), ("valid", 4), ("test", 5)):
        two_files(folder, part, PAIRS[:count])
    done = command("train", "translate", "--data", folder, "--out", tmp_path / "run", *SHORT)
    assert done.status == 0, done.err
    for note in (
        "source is train.en",
        "training pairs: train.en, train.fr",
        "held-out pairs: valid.en, valid.fr",
        "test pairs: test.en, test.fr",
    ):
        assert note in done.err
    assert "held-out pairs: 4" in done.out
    assert "test pairs: 5" in done.out


def test_a_character_that_only_the_held_out_part_has(command, tmp_path):
    data = write(
        tmp_path / "t.tsv", "".join(f"{c}b{d}\t{d}b{c}\n" for c in "acde" for d in "fghij") + "a=b\tb=a\n"
    )
    done = command("train", "translate", "--data", data, "--out", tmp_path / "run", *SHORT)
    assert done.status == 0, done.err
    assert "held-out sources: 1 of 6 characters are unknown to the model ('=')" in done.err
    assert "held-out targets: 1 of 6 characters are unknown to the model ('='), scored with" in done.err


def test_compare(command, tmp_path):
    data = write(tmp_path / "t.txt", lines("{}\t{}"))
    words = ("--data", data, "--out", tmp_path / "out", "--models", "copy", "lead", "gru+attention")
    done = command("compare", "translate", *words, *SHORT, "--budget", 0.05)
    assert done.status == 0, done.err
    for rung in ("copy", "lead", "gru+attention"):
        assert rung in done.out


@pytest.mark.parametrize(
    "options",
    [
        ("--share-embeddings",),
        ("--copy-unknown",),
        ("--split-punctuation",),
        ("--vocabulary", 30),
        ("--encoder-hidden", 5),
        ("--lowercase",),
        ("--tie-weights",),
        ("--input-feeding",),
        ("--label-smoothing", 0.2),
        ("--dropout-input", 0.0),
        ("--momentum", 0.9),
        ("--tokenizer", "char", "--min-frequency", 2),
        ("--select", "bleu"),
    ],
    ids=lambda options: options[0],
)
def test_no_option_needs_another_one(command, tmp_path, options):
    data = write(tmp_path / "t.txt", lines("{}\t{}"))
    done = command("train", "translate", "--data", data, "--out", tmp_path / "run", *SHORT, *options)
    assert done.status == 0, done.err


def test_evaluation_says_how_the_pairs_were_read(command, tmp_path):
    two_files(tmp_path, "train", PAIRS)
    files = f"{tmp_path / 'train.en'},{tmp_path / 'train.fr'}"
    command("train", "translate", "--data", files, "--out", tmp_path / "run", *SHORT)
    data = write(tmp_path / "test.tsv", "English\tFrançais\n" + lines("{}\t{}"))
    done = command("evaluate", tmp_path / "run", "--data", data, "--json")
    assert json.loads(done.out)["pairs"] == len(PAIRS)
    assert "columns: source is 'English', target is 'Français'" in done.err
