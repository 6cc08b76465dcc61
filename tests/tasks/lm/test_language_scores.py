"""Scores of a text, checked against a loop over single tokens."""

import math

import pytest
import torch

from unrolled import LanguageModel, LanguageScore
from unrolled.data import open_documents
from unrolled.tasks.lm import score as language_score
from unrolled.tasks.lm.data import tokenize
from unrolled.text import TextConfig, train_tokenizer


@torch.no_grad()
def nats_by_hand(lm, ids):
    """−ln p of each id, reading one id at a time from <eos> and carrying the state."""
    state, previous, nats = None, 0, []
    for target in ids:
        logits, state = lm.model.eval()(torch.tensor([[previous]]), state)
        nats.append(-float(logits[0, 0].double().log_softmax(-1)[target]))
        previous = target
    return nats


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"cell": "gru", "layers": 2},
        {"cell": "elman", "skip": 2},
        {"cell": "jordan"},
        {"projection": 5, "layers": 2, "residual": True},
        {"peepholes": True, "zoneout": 0.2, "zoneout_cell": 0.1},
        {"input": "one-hot", "layer_norm": True},
    ],
    ids=lambda o: "-".join(map(str, o.values())) or "lstm",
)
def test_one_pass_equals_a_loop_over_tokens(tmp_path, english_file, tiny_options, write_english, options):
    lm = LanguageModel(**tiny_options | {"max_steps": 20} | options)
    lm.fit(english_file, progress=False)
    path = tmp_path / "text.txt"
    path.write_text(write_english(5, seed=3))
    ids = lm.tokenizer.encode(path.read_text()).tolist()
    score = lm.evaluate(path)
    assert score.tokens == len(ids)
    assert score.nats == pytest.approx(sum(nats_by_hand(lm, ids)), rel=1e-5)


@pytest.fixture(params=[1000, 7])
def _scoring_in_chunks(request, monkeypatch):
    monkeypatch.setattr(language_score, "SCORING_STEPS", request.param)


@pytest.mark.usefixtures("_scoring_in_chunks")
def test_documents_are_scored_independently(tmp_path, tiny_lm, write_english):
    texts = [write_english(n, seed=n) for n in (3, 1, 6, 2)]
    for i, text in enumerate(texts):
        (tmp_path / f"{i}.txt").write_text(text)
    expected = 0.0
    for i, text in enumerate(texts):
        ids = tiny_lm.tokenizer.encode(text).tolist()
        end = [] if i == len(texts) - 1 else [0]  # one <eos> between documents
        expected += sum(nats_by_hand(tiny_lm, ids + end))
    score = tiny_lm.evaluate(tmp_path)
    assert score.nats == pytest.approx(expected, rel=1e-5)
    assert score.tokens == sum(map(len, texts)) + 3
    assert score.eos == 3


@pytest.mark.usefixtures("_scoring_in_chunks")
def test_a_folder_scores_as_its_files(tmp_path, tiny_words, write_english):
    for i, n in enumerate((9, 2, 5)):
        (tmp_path / f"{i}.txt").write_text(write_english(n, seed=20 + i))
    single_scores = [tiny_words.evaluate(tmp_path / f"{i}.txt") for i in range(3)]
    together = tiny_words.evaluate(tmp_path)
    assert together.nats == pytest.approx(sum(s.nats for s in single_scores), rel=1e-6)
    for name in ("tokens", "eos", "unknown", "characters"):
        assert getattr(together, name) == sum(getattr(s, name) for s in single_scores)


def test_sentences_are_scored_independently(tmp_path, english_file, tiny_options, write_english):
    options = {"mode": "sentence", "tokenizer": "word", "max_steps": 20, "min_frequency": 3}
    lm = LanguageModel(**tiny_options | options).fit(english_file, progress=False)
    text = write_english(40, seed=4)
    (tmp_path / "t.txt").write_text(text + "\n\n")
    expected = sum(
        sum(nats_by_hand(lm, [*lm.tokenizer.encode(line).tolist(), 0])) for line in text.splitlines()
    )
    score = lm.evaluate(tmp_path / "t.txt")
    assert score.nats == pytest.approx(expected, rel=1e-5)
    assert score.tokens == len(text.split()) + 40
    assert score.eos == 40


def test_evaluation_has_no_dropout_and_no_gradients(english_file, tiny_options):
    options = {"dropout_output": 0.5, "max_steps": 10}
    lm = LanguageModel(**tiny_options | options).fit(english_file, progress=False)
    lm.model.train()
    assert lm.evaluate(english_file) == lm.evaluate(english_file)
    assert all(p.grad is None or not p.grad.requires_grad for p in lm.model.parameters())


def test_unknown_characters_are_scored_and_noted(tmp_path, tiny_lm, capsys):
    (tmp_path / "t.txt").write_text("The miller ¿counts? the river.")
    score = tiny_lm.evaluate(tmp_path / "t.txt", progress=True)
    assert score.unknown == 2
    assert score.unknown_share == tiny_lm.unknown_share > 0
    stderr = capsys.readouterr().err
    assert "2 of 30 characters are unknown to the model ('¿', '?'), scored with the probability" in stderr
    assert score.nats == pytest.approx(-tiny_lm.score(tiny_lm.tokens(tmp_path / "t.txt")).sum(), rel=1e-6)
    (tmp_path / "t.txt").write_text("The miller counts the river.")
    assert tiny_lm.evaluate(tmp_path / "t.txt").unknown_share == 0.0


def test_unknown_words_are_scored_as_unk(tmp_path, tiny_words):
    (tmp_path / "t.txt").write_text("The miller watches the submarine, again.\n")
    score = tiny_words.evaluate(tmp_path / "t.txt")
    assert score.unknown == 1 + sum(
        w not in tiny_words.tokenizer.tokens for w in ["The", "miller", "watches", "the", "again."]
    )
    assert math.isfinite(score.nats)


def test_score_properties():
    score = LanguageScore(nats=20.0, tokens=10, characters=40, eos=2, unknown=1, vocabulary=50)
    assert score.nats_per_token == 2.0
    assert score.perplexity == pytest.approx(math.e**2)
    assert score.bits_per_character == pytest.approx(20 / math.log(2) / 40)
    values = score.to_json()
    assert values["perplexity"] == score.perplexity
    assert (values["tokens"], values["eos"], values["unknown"], values["vocabulary"]) == (10, 2, 1, 50)
    assert "perplexity 7.39" in str(score)
    assert "2 <eos>" in str(score)
    extreme = LanguageScore(nats=1e9, tokens=1, characters=0, eos=0, unknown=0, vocabulary=2)
    assert math.isfinite(extreme.perplexity)
    assert math.isfinite(extreme.bits_per_character)


def test_penn_treebank_token_counts(published):
    published("ptb/ptb.train.txt")
    published("ptb/ptb.test.txt")
    training = open_documents("@ptb/train")
    tokenizer = train_tokenizer(TextConfig("word", min_frequency=1), [d.text for d in training])
    assert tokenizer.size == 10_000
    test = tokenize(open_documents("@ptb/test"), tokenizer, "stream")
    assert test.predictions == 82_430
    assert test.ids[0] == 0  # the first word is predicted from <eos>
    assert test.starts.tolist() == [0]
    assert tokenizer.unknown(open_documents("@ptb/test")[0].text) == []
    assert tokenize(training, tokenizer, "stream").predictions == 929_589
