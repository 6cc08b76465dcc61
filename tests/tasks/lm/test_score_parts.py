"""Scores of sentences, lines and tokens."""

import csv

import numpy as np
import pytest

from unrolled import LanguageModel
from unrolled.errors import DataError

TEXT = "The miller watches the river.\n\nA heron counts the bell, again\n"


@pytest.fixture(scope="module")
def pieces(english_file, tiny_options):
    options = {"tokenizer": "bpe", "vocabulary": 280, "max_steps": 3}
    return LanguageModel(**tiny_options | options).fit(english_file, progress=False)


@pytest.fixture(scope="module")
def sentences(english_file, tiny_options):
    options = {"tokenizer": "word", "mode": "sentence", "max_steps": 3, "min_frequency": 1}
    return LanguageModel(**tiny_options | options).fit(english_file, progress=False)


@pytest.fixture(params=["characters", "words", "pieces", "sentences"])
def lm(request, tiny_lm, tiny_words, pieces, sentences):
    models = {"characters": tiny_lm, "words": tiny_words, "pieces": pieces, "sentences": sentences}
    return models[request.param]


@pytest.mark.parametrize("per", ["line", "token"])
def test_parts_add_up_to_the_evaluation(lm, per):
    rows, evaluation = lm.score_parts(TEXT, per), lm.evaluate(TEXT)
    assert sum(row.log_probability for row in rows) == pytest.approx(-evaluation.nats, rel=1e-6)
    assert sum(row.tokens for row in rows) == evaluation.tokens
    assert sum(row.unknown for row in rows) == evaluation.unknown
    assert {row.line for row in rows} >= {1, 3}
    if per == "line":
        texts = {row.line: row.text for row in rows}
        assert texts[3].endswith("the bell, again") or "<unk>" in texts[3] or "\ufffd" in texts[3]
    else:
        assert [row.text for row in rows] == lm.tokens(TEXT)


def test_sentences_are_scored_independently(lm):
    rows = lm.score_parts(TEXT, "sentence")
    assert [row.line for row in rows] == [1, 3]
    for row, line in zip(rows, TEXT.split("\n")[::2], strict=False):
        alone = lm.score_parts([line], "sentence")[0]
        assert row.log_probability == pytest.approx(alone.log_probability, rel=1e-5)
        if lm.tokenizer.kind != "bpe":  # BPE tokenizes a line together with its end
            assert row.log_probability == pytest.approx(lm.score([line + "\n"]).sum(), rel=1e-5)
        assert row.mean == row.log_probability / row.tokens
        assert row.perplexity == pytest.approx(np.exp(-row.mean))


def test_rows_name_their_documents(tmp_path, lm):
    for name in ("a", "b"):
        (tmp_path / f"{name}.txt").write_text(TEXT)
    for per in ("sentence", "line", "token"):
        rows = lm.score_parts(tmp_path, per)
        assert {row.document for row in rows} == {"a.txt", "b.txt"}
        a, b = ([r.tokens for r in rows if r.document == name] for name in ("a.txt", "b.txt"))
        # One <eos> separates documents of characters and BPE tokens.
        assert b == (a[:-1] if len(a) > len(b) else a) or sum(a) - sum(b) == 1


def test_a_text_of_unknown_characters_is_refused(tiny_lm):
    with pytest.raises(DataError, match="another kind of text"):
        tiny_lm.score_parts(["ЖЖЖЖ"])


def test_the_command_prints_or_writes_a_table(tmp_path, tiny_run, tiny_lm, command):
    path = tmp_path / "text.txt"
    path.write_text(TEXT + 'say "hi"\tnow?\n')
    printed = command("score", tiny_run, "--data", path, "--per", "line")
    assert printed.status == 0
    assert "unknown to the model" in printed.err
    rows = list(csv.DictReader(printed.out.splitlines(), delimiter="\t"))
    expected = tiny_lm.score_parts(path, "line")
    assert [float(r["log_probability"]) for r in rows] == pytest.approx(
        [r.log_probability for r in expected], abs=1e-5
    )
    assert sum(int(r["unknown"]) for r in rows) == tiny_lm.evaluate(path).unknown > 0
    out = tmp_path / "scores.csv"
    assert command("score", tiny_run, "--data", path, "--out", out).status == 0
    assert [r["line"] for r in csv.DictReader(out.read_text().splitlines())] == ["1", "3", "4"]
    assert "exists already" in command("score", tiny_run, "--data", path, "--out", out).error
    assert command("score", tiny_run, "--data", path, "--out", out, "--overwrite").status == 0
