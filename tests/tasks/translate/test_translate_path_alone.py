"""``unrolled train translate --data FILE --out RUN`` without other options, for every documented format."""

import gzip
import json

import pytest

SHORT = ("--max-steps", 2, "--hidden", 8, "--embedding", 4, "--beams", 1, "--threads", 1, "--batch", 8)
NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
THINGS = ["cars", "hats", "pens", "cups", "keys", "maps"]
PAIRS = [(f"give me {n} red {t}", f"donne {n} {t} rouges") for n in NUMBERS for t in THINGS] * 2


def format_pairs(template):
    return "".join(template.format(s, t, i) + "\n" for i, (s, t) in enumerate(PAIRS))


FORMATS = {
    "tabs.txt": format_pairs("{}\t{}"),
    "attribution.txt": format_pairs("{}\t{}\tCC-BY 2.0 (France) Attribution: #{}"),
    "bars.txt": format_pairs("{} ||| {}"),
    "marks": format_pairs("{}_{}"),
    "plain.tsv": format_pairs("{}\t{}"),
    "named.tsv": "source\ttarget\n" + format_pairs("{}\t{}"),
    "swapped.csv": "target,source\n" + "".join(f"{t},{s}\n" for s, t in PAIRS),
    "semicolons.csv": "English;French\n" + format_pairs("{};{}"),
    "ids.csv": "id,en,fr\n" + format_pairs("{2},{0},{1}"),
    "objects.jsonl": format_pairs('{{"en": "{}", "fr": "{}"}}'),
    "nested.jsonl": format_pairs('{{"translation": {{"en": "{}", "fr": "{}"}}}}'),
    "array.json": json.dumps([{"input": s, "output": t} for s, t in PAIRS]),
    "packed.tsv.gz": format_pairs("{}\t{}"),
}


def write_file(path, text):
    raw = text.encode()
    path.write_bytes(gzip.compress(raw) if path.name.endswith(".gz") else raw)
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_training_on_one_file(command, tmp_path, name):
    data = write_file(tmp_path / name, FORMATS[name])
    outcome = command("train", "translate", "--data", data, "--out", tmp_path / "run", *SHORT)
    assert outcome.status == 0, outcome.err
    assert "columns: source is " in outcome.err
    assert "(--source-column, --target-column)" in outcome.err
    assert "tokens are words: sources and targets have few different words (--tokenizer)" in outcome.err
    assert "held-out pairs: 12" in outcome.out
    data_info = json.loads((tmp_path / "run" / "config.json").read_text())["facts"]
    assert data_info["pairs"] == 108
    config = json.loads((tmp_path / "run" / "config.json").read_text())["config"]
    assert config["text"]["tokenizer"] == "word"
    assert config["corpus"]["source_column"]
    evaluated = command("evaluate", tmp_path / "run", "--data", data, "--json")
    assert json.loads(evaluated.out)["pairs"] == 120


def write_two_files(folder, part, pairs):
    for side, ending in enumerate(("en", "fr")):
        write_file(folder / f"{part}.{ending}", "".join(pair[side] + "\n" for pair in pairs))


def test_training_on_two_files(command, tmp_path):
    write_two_files(tmp_path, "train", PAIRS)
    files = f"{tmp_path / 'train.en'},{tmp_path / 'train.fr'}"
    outcome = command("train", "translate", "--data", files, "--out", tmp_path / "run", *SHORT)
    assert outcome.status == 0, outcome.err
    assert "source is train.en, target is train.fr (--data train.fr,train.en swaps them)" in outcome.err


def test_training_on_a_folder(command, tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for part, count in (("train", 30), ("valid", 4), ("test", 5)):
        write_two_files(folder, part, PAIRS[:count])
    outcome = command("train", "translate", "--data", folder, "--out", tmp_path / "run", *SHORT)
    assert outcome.status == 0, outcome.err
    for note in (
        "source is train.en",
        "training pairs: train.en, train.fr",
        "held-out pairs: valid.en, valid.fr",
        "test pairs: test.en, test.fr",
    ):
        assert note in outcome.err
    assert "held-out pairs: 4" in outcome.out
    assert "test pairs: 5" in outcome.out


def test_unknown_held_out_characters_are_noted(command, tmp_path):
    data = write_file(
        tmp_path / "t.tsv", "".join(f"{c}b{d}\t{d}b{c}\n" for c in "acde" for d in "fghij") + "a=b\tb=a\n"
    )
    outcome = command("train", "translate", "--data", data, "--out", tmp_path / "run", *SHORT)
    assert outcome.status == 0, outcome.err
    assert "held-out sources: 1 of 6 characters are unknown to the model ('=')" in outcome.err
    assert "held-out targets: 1 of 6 characters are unknown to the model ('='), scored with" in outcome.err


def test_the_compare_command(command, tmp_path):
    data = write_file(tmp_path / "t.txt", format_pairs("{}\t{}"))
    arguments = ("--data", data, "--out", tmp_path / "out", "--models", "copy", "lead", "gru+attention")
    outcome = command("compare", "translate", *arguments, *SHORT, "--budget", 0.05)
    assert outcome.status == 0, outcome.err
    for rung in ("copy", "lead", "gru+attention"):
        assert rung in outcome.out


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
def test_each_option_alone_is_accepted(command, tmp_path, options):
    data = write_file(tmp_path / "t.txt", format_pairs("{}\t{}"))
    outcome = command("train", "translate", "--data", data, "--out", tmp_path / "run", *SHORT, *options)
    assert outcome.status == 0, outcome.err


def test_evaluation_notes_how_the_pairs_were_read(command, tmp_path):
    write_two_files(tmp_path, "train", PAIRS)
    files = f"{tmp_path / 'train.en'},{tmp_path / 'train.fr'}"
    command("train", "translate", "--data", files, "--out", tmp_path / "run", *SHORT)
    data = write_file(tmp_path / "test.tsv", "English\tFrançais\n" + format_pairs("{}\t{}"))
    outcome = command("evaluate", tmp_path / "run", "--data", data, "--json")
    assert json.loads(outcome.out)["pairs"] == len(PAIRS)
    assert "columns: source is 'English', target is 'Français'" in outcome.err
