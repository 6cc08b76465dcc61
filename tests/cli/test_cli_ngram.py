"""``unrolled ngram``: output, files and errors."""

import pytest

TEXT = "the cat sat on the mat\nthe dog sat on the cat\n" * 20


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT)
    return path


def test_a_model_is_estimated_scored_written_and_reloaded(command, text, tmp_path):
    out = tmp_path / "model.arpa"
    first = command("ngram", "--data", text, "--order", 3, "--test", text, "--out", out, "--length", 5)
    assert first.status == 0
    assert "estimated from 280 tokens with a vocabulary of 8" in first.out
    assert "280 predictions with 40 <eos> and 0 <unk>" in first.out
    again = command("ngram", "--arpa", out, "--test", text, "--length", 0)
    perplexity = [outcome.out.split("perplexity ")[1].split(",")[0] for outcome in (first, again)]
    assert perplexity[0] == perplexity[1]


def test_undetermined_discounts_are_reported_once(command, text):
    done = command("ngram", "--data", text, "--order", 30, "--length", 0)
    assert done.out.count("note:") == 1
    assert "other orders)" in done.out


def test_a_number_of_ngrams_beyond_the_range_of_floats(command, text):
    text.write_text(2 * TEXT)
    assert "inf" in command("ngram", "--data", text, "--order", 400, "--length", 0).out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give --data"),
        (["--data", "nowhere.txt"], "nowhere.txt"),
        (["--data", "TEXT", "--order", -1], "--order -1"),
        (["--data", "TEXT", "--order", 999], "--order 999: the longest text has 280 tokens"),
        (["--data", "TEXT", "--test", "nowhere.txt"], "nowhere.txt"),
        (["--data", "TEXT", "--out", "TEXT", "--overwrite"], "is also an input file"),
        (["--data", "TEXT", "--out", "no/where.arpa"], "the folder no does not exist"),
        (["--data", "TEXT", "--length", -3], "must not be negative"),
        (["--arpa", "nowhere.arpa"], "nowhere.arpa: no such file"),
        (["--arpa", "TEXT"], "it was cut off"),
    ],
)
def test_errors_are_one_line(command, text, words, message):
    done = command("ngram", *(text if w == "TEXT" else w for w in words))
    assert done.status == 1
    assert done.err.startswith("error: ")
    assert message in done.err
