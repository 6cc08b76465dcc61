"""n-gram models over the tokens of a language model."""

import numpy as np
import pytest

import unrolled as ur
from unrolled.data import Document
from unrolled.errors import DataError
from unrolled.tasks.lm.config import TextConfig
from unrolled.tasks.lm.data import tokenize
from unrolled.tasks.lm.ngrams import fit_ngrams, is_ngram, read_ngrams
from unrolled.text import train_tokenizer

pytestmark = pytest.mark.filterwarnings("ignore::unrolled.baselines.ngram.DiscountWarning")


@pytest.mark.parametrize("name", ["unigram", "trigram", "kn5", "kn12", "mle-3", "add-k-2", "a/b.arpa"])
def test_ngram_names_are_recognised(name):
    assert is_ngram(name)


@pytest.mark.parametrize("name", ["", "kn0", "kn", "fourgram", "mle", "lstm", "b.arpa.txt"])
def test_other_names_are_not_ngrams(name):
    assert not is_ngram(name)


@pytest.fixture(scope="module")
def text(write_english):
    documents = [Document("text", write_english(40, 3))]
    tokenizer = train_tokenizer(TextConfig(tokenizer="word"), [d.text for d in documents])
    return tokenizer, documents


@pytest.mark.parametrize("mode", ["stream", "sentence"])
def test_an_arpa_file_scores_as_the_model_that_wrote_it(text, mode, tmp_path):
    tokenizer, documents = text
    tokens = tokenize(documents, tokenizer, mode)
    fitted = fit_ngrams("bigram", tokens, tokenizer)
    words = [tokenizer.tokens[i] for i in np.concatenate([*getattr(tokens, "items", [])] or [tokens.ids[1:]])]
    sentences = [[tokenizer.tokens[i] for i in s] for s in getattr(tokens, "items", [])] or words
    ur.NGram(2).fit(sentences).save_arpa(tmp_path / "two.arpa")
    loaded = read_ngrams(str(tmp_path / "two.arpa"), tokenizer, mode)
    np.testing.assert_allclose(loaded.score(tokens), fitted.score(tokens), atol=1e-3)
    assert len(fitted.score(tokens)) == tokens.predictions
    other = {"stream": "sentence", "sentence": "stream"}[mode]
    with pytest.raises(DataError, match=f"two.arpa: is a model with mode='{mode}'"):
        read_ngrams(str(tmp_path / "two.arpa"), tokenizer, other)


def test_a_fallback_of_the_estimation_is_noted(text):
    tokenizer, documents = text
    tokens = tokenize(documents, tokenizer, "stream")
    assert "Kneser-Ney" in fit_ngrams("kn5", tokens, tokenizer).note
    assert fit_ngrams("unigram", tokens, tokenizer).note == ""
