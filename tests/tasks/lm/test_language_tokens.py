"""Token probabilities of a language model, alone and in mixtures with n-gram models."""

import numpy as np
import pytest

import unrolled as ur
from unrolled.decoding import SamplingConfig
from unrolled.errors import ConfigError, DataError
from unrolled.tasks.lm.generator import Generator
from unrolled.tasks.lm.score import score_documents, score_tokens
from unrolled.text import EOS_ID

pytestmark = pytest.mark.filterwarnings("ignore::unrolled.baselines.ngram.DiscountWarning")
WORDS = {"tokenizer": "word", "min_frequency": 3, "epochs": 2, "validate_every": 0}


@pytest.fixture(scope="module")
def sentences(english_file, tiny_options):
    return ur.LanguageModel(**tiny_options | WORDS, mode="sentence").fit(english_file, progress=False)


@pytest.fixture(params=["characters", "words", "sentences"])
def lm(request, tiny_lm, tiny_words, sentences):
    return {"characters": tiny_lm, "words": tiny_words, "sentences": sentences}[request.param]


@pytest.fixture
def text(tmp_path, write_english):
    path = tmp_path / "text.txt"
    path.write_text(write_english(7, seed=9))
    return path


def test_scores_add_up_to_the_evaluation(lm, text):
    tokens = lm.tokens(text)
    scores, evaluation = lm.score(tokens), lm.evaluate(text)
    assert scores.shape == (evaluation.tokens,) == (len(tokens),)
    assert scores.dtype == np.float64
    assert (scores < 0).all()
    assert -scores.sum() == pytest.approx(evaluation.nats, rel=1e-6)
    assert tokens.count("<eos>") == evaluation.eos
    assert tokens.count("<unk>") == evaluation.unknown
    assert set(tokens) <= set(lm.vocabulary)
    assert lm.vocabulary[:2] == ["<eos>", "<unk>"]
    assert lm.vocabulary == lm.tokenizer.tokens


def test_each_document_is_scored_from_its_start(tmp_path, lm, write_english, monkeypatch):
    folder = tmp_path / "texts"
    folder.mkdir()
    for index, count in enumerate((3, 1, 6, 2)):
        (folder / f"{index}.txt").write_text(write_english(count, seed=count))
    paths = sorted(folder.iterdir())
    separate_scores = np.concatenate([lm.score(lm.tokens(path)) for path in paths])
    assert -separate_scores.sum() == pytest.approx(sum(lm.evaluate(path).nats for path in paths), rel=1e-6)
    if lm.config.corpus.mode == "sentence":
        assert lm.tokens(folder) == [t for path in paths for t in lm.tokens(path)]
        np.testing.assert_allclose(lm.score(lm.tokens(folder)), separate_scores, atol=1e-5)
        return
    from unrolled.data import open_documents
    from unrolled.tasks.lm import score as language_score
    from unrolled.tasks.lm.data import TextToScore, all_ids, tokenize

    prepared = TextToScore(tokenize(open_documents(folder), lm.tokenizer, "stream"), 0.0)
    for rows, steps in ((32, 1000), (2, 7), (1, 1)):
        monkeypatch.setattr(language_score, "SCORING_STEPS", steps)
        nats = score_tokens(lm.model, prepared, rows)
        total, count = score_documents(lm.model, prepared, rows)
        assert len(nats) == count
        assert nats.sum() == pytest.approx(total, rel=1e-6)
        # Leave out the <eos> between documents of characters.
        ids = all_ids(prepared.tokens)[1:]
        within_document = np.ones(len(ids), bool)
        if not lm.tokenizer.ends_lines:
            within_document[[start - 1 for start in prepared.tokens.starts[1:]]] = False
        np.testing.assert_allclose(-nats[within_document], separate_scores, atol=1e-5)


def test_scores_equal_log_probabilities_of_the_distribution(lm, text):
    tokens = lm.tokens(text)[:30]
    tokens = tokens[: len(tokens) - tokens[::-1].index("<eos>")] if "<eos>" in tokens else tokens
    scores = lm.score(tokens)
    for position, token in enumerate(tokens):
        p = lm.distribution(tokens[:position])
        assert p.shape == (len(lm.vocabulary),)
        assert p.dtype == np.float64
        assert p.sum() == pytest.approx(1, abs=1e-6)
        assert np.log(p[lm.vocabulary.index(token)]) == pytest.approx(scores[position], abs=1e-4)


@pytest.mark.parametrize("prompt", ["", "The", "the old clock mends "])
def test_next_equals_the_distribution(lm, prompt):
    # A character model of one text never saw the start of a text: an empty prompt starts a line.
    start = "" if lm.tokenizer.ends_lines else "\n"
    names = [lm.vocabulary[i] for i in lm.tokenizer.encode(prompt or start).tolist()]
    p = lm.distribution(names)
    top_tokens = lm.next(prompt, top=5)
    assert [value for _, value in top_tokens] == pytest.approx(sorted(p)[::-1][:5])
    if prompt == "" and not start:
        np.testing.assert_array_equal(p, lm.distribution())


def test_a_sentence_model_forgets_at_the_end_of_a_sentence(sentences):
    expected = sentences.distribution(["the", "river"])
    for context in (["a", "letter", "<eos>", "the", "river"], ["<eos>", "the", "river"]):
        np.testing.assert_array_equal(sentences.distribution(context), expected)
    np.testing.assert_array_equal(sentences.distribution(["the", "<eos>"]), sentences.distribution())
    # Generated text starts from the same state.
    writer = Generator(sentences.model, sentences.tokenizer, separate=True)
    options = SamplingConfig(temperature=1e-3)
    continuations = [
        list(writer.draw(prompt, 4, options, 0)) for prompt in ("a letter\nthe river", "the river")
    ]
    if EOS_ID in sentences.tokenizer.encode("a\nb"):
        assert continuations[0] == continuations[1]


def test_a_stream_model_remembers_earlier_sentences(tiny_words):
    expected = tiny_words.distribution(["the", "river"])
    assert not np.allclose(
        expected, tiny_words.distribution(["a", "letter", "<eos>", "the", "river"]), atol=1e-7
    )


def test_sentences_may_be_given_as_lists(sentences, text):
    flat_tokens = sentences.tokens(text)
    sentence_lists = [s.split() for s in " ".join(flat_tokens).split("<eos>") if s.strip()]
    np.testing.assert_array_equal(sentences.score(sentence_lists), sentences.score(flat_tokens))
    # An empty sentence is only its end.
    assert len(sentences.score([["the"], [], ["river"]])) == 5
    assert sentences.score([[]])[0] == pytest.approx(np.log(sentences.distribution()[EOS_ID]), abs=1e-5)


def test_sentences_must_end_with_eos(sentences, tiny_words):
    with pytest.raises(DataError, match="the last token must be <eos>"):
        sentences.score(["the", "river"])
    with pytest.raises(DataError, match="reads one running text, but these tokens are sentences"):
        tiny_words.score([["the", "river"]])


def test_unknown_tokens(tiny_words, tiny_lm):
    with_unk = ["the", "<unk>", "river"]
    np.testing.assert_array_equal(tiny_words.score(["the", "zebra", "river"]), tiny_words.score(with_unk))
    np.testing.assert_array_equal(tiny_words.distribution(["zebra"]), tiny_words.distribution(["<unk>"]))
    unknown_tokens = ["t", "ж", "ξ", "ж"]
    p = [tiny_lm.distribution(unknown_tokens[:n]) for n in range(4)]
    unknown_share = tiny_lm.unknown_share
    by_hand = [
        (1 - unknown_share) * p[0][tiny_lm.vocabulary.index("t")],
        *((1 - unknown_share) * q[1] + unknown_share for q in p[1:]),
    ]
    np.testing.assert_allclose(tiny_lm.score(unknown_tokens), np.log(by_hand), rtol=1e-4)


def test_texts_score_as_their_tokens(lm, text):
    content = text.read_text()
    expected = lm.score(lm.tokens(text))
    for value in (content, [content], (content,), text):
        np.testing.assert_array_equal(lm.score(value), expected)
        np.testing.assert_array_equal(lm.tokens(value if value is not content else [value]), lm.tokens(text))
    assert len(lm.score("The river")) == len(lm.tokens(["The river"]))


@pytest.mark.parametrize("value", [[], [1, 2], {"the": 1}, 3, ["the", ["river"]], [["the", 1]]])
def test_invalid_tokens_are_refused(lm, value):
    with pytest.raises(DataError):
        lm.score(value)


def test_a_string_as_context_is_refused(tiny_lm):
    with pytest.raises(DataError, match="a string is not a list of tokens"):
        tiny_lm.distribution("the river")
    with pytest.raises(DataError, match="tokens are strings, but 3 is not"):
        tiny_lm.distribution([3])


def test_mixture_with_an_ngram_model(tiny_words, english_file, text):
    ngram = ur.NGram(2).fit(tiny_words.tokens(english_file))
    mixed = ur.Interpolated([tiny_words, ngram])
    tokens = tiny_words.tokens(text)
    mixed.fit(tokens)
    assert mixed.weights.sum() == pytest.approx(1)
    assert mixed.vocabulary == tiny_words.vocabulary
    parts = [model.score(tokens) for model in (tiny_words, ngram)]
    np.testing.assert_allclose(np.exp(mixed.score(tokens)), mixed.weights @ np.exp(parts))
    assert mixed.score(tokens).sum() >= max(part.sum() for part in parts) - 1e-4
    for position in (0, 3, 11):
        p = mixed.distribution(tokens[:position])
        assert p.sum() == pytest.approx(1, abs=1e-6)
        index = mixed.vocabulary.index(tokens[position])
        assert np.log(p[index]) == pytest.approx(mixed.score(tokens)[position], abs=1e-4)
    best_single = min(ngram.perplexity(tokens), tiny_words.evaluate(text).perplexity)
    assert mixed.perplexity(tokens) <= best_single * (1 + 1e-6)
    assert len(mixed.generate(5, ["the"], seed=1)) == 5


def test_mixture_with_an_ngram_model_of_sentences(sentences, english_file, text):
    def read_sentences(path):
        parts = " ".join(sentences.tokens(path)).split("<eos>")
        return [part.split() for part in parts if part.strip()]

    ngram = ur.NGram(2).fit(read_sentences(english_file))
    mixed = ur.Interpolated([ngram, sentences]).fit(read_sentences(text))
    parts = [model.score(read_sentences(text)) for model in (ngram, sentences)]
    np.testing.assert_allclose(np.exp(mixed.score(read_sentences(text))), mixed.weights @ np.exp(parts))


def test_models_with_different_tokens_are_not_mixed(tiny_words, tiny_lm):
    with pytest.raises(ConfigError, match="do not know the same tokens"):
        ur.Interpolated([tiny_words, tiny_lm])
