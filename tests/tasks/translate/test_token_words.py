"""Words that tokens form, texts of tokens that arrive one by one, and languages of files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.decoding.repeats import tokens_that_repeat
from unrolled.tasks.translate.display import source_words, target_words
from unrolled.tasks.translate.service.languages import find_languages
from unrolled.tasks.translate.service.text import TranslationText
from unrolled.text import PairTokenizer, TextConfig

TEXTS = [
    "Der Mann isst, don't ask.",
    "Die T-shirts (rot) kosten 12,50 €",
    "naïve Café",
    "日本語 です。",
    "2024-05-17 - AC-4",
    "שלום עולם!",
]
KINDS = {
    "char": {"tokenizer": "char"},
    "bpe": {"tokenizer": "bpe", "vocabulary": 280},
    "word": {"tokenizer": "word", "min_frequency": 1},
}


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request):
    return PairTokenizer.train(TextConfig(**KINDS[request.param]), TEXTS, TEXTS, joint=False)


def words_of(tokenizer, text):
    return [w.text for w in target_words(tokenizer.target, tokenizer.encode_target(text).tolist())]


def test_words_hold_all_tokens(tokenizer):
    for text in TEXTS:
        ids = [*tokenizer.encode_target(text).tolist(), 0]
        words = target_words(tokenizer.target, ids)
        assert [i for w in words for i in range(w.begin, w.end)] == list(range(len(ids)))
        assert words[-1].text == "<eos>"
        assert "".join(w.text for w in words[:-1]) == text.replace(" ", "")
    assert target_words(tokenizer.target, []) == []


def test_punctuation_marks_are_words(tokenizer):
    if tokenizer.source.kind == "word":
        assert words_of(tokenizer, TEXTS[0]) == TEXTS[0].split()
        return
    assert words_of(tokenizer, TEXTS[0]) == ["Der", "Mann", "isst", ",", "don't", "ask", "."]
    expected = ["Die", "T-shirts", "(", "rot", ")", "kosten", "12", ",", "50", "€"]
    assert words_of(tokenizer, TEXTS[1]) == expected
    assert words_of(tokenizer, "2024-05-17 - AC-4") == ["2024", "-", "05", "-", "17", "-", "AC-4"]


def test_unknown_source_words_keep_their_text():
    config = TextConfig(tokenizer="word", lowercase=True, split_punctuation=True)
    tokenizer = PairTokenizer.train(config, TEXTS, TEXTS, joint=False)
    text = "Der Wal, sagt Zoë."
    words = source_words(tokenizer.source, text, tokenizer.encode_source(text).tolist())
    assert [w.text for w in words] == ["Der", "Wal", ",", "sagt", "Zoë", "."]


@given(data=st.data())
def test_pieces_joined_are_the_text(tokenizer, data):
    ids = data.draw(st.lists(st.integers(2, tokenizer.target.size - 1), max_size=12))
    decoder = TranslationText(tokenizer.target)
    text = "".join(decoder.push(i) for i in ids) + decoder.finish()
    whole = tokenizer.decode_target(ids)
    if "\ufffd" not in whole:
        assert text == whole


def test_pieces_of_texts(tokenizer):
    for text in TEXTS:
        decoder, ids = TranslationText(tokenizer.target), tokenizer.encode_target(f" {text} ").tolist()
        assert "".join(decoder.push(i) for i in ids) + decoder.finish() == tokenizer.decode_target(ids)


@given(tokens=st.lists(st.integers(0, 3), max_size=14), size=st.integers(1, 5))
def test_tokens_that_repeat_are_those_that_end_a_known_sequence(tokens, size):
    known = {tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1)}
    tail = tokens[max(0, len(tokens) - size + 1) :]
    expected = {token for token in range(4) if (*tail, token) in known}
    assert tokens_that_repeat(tokens, size) == expected


def test_languages_of_files():
    both = {"source": "de", "target": "en"}
    assert find_languages("@multi30k/train.de,@multi30k/train.en") == both
    assert find_languages("a/train.de.gz,a/train.en.gz") == both
    for data in ("pairs.tsv", "a.gz,b.gz", "train.src,train.tgt", ""):
        assert find_languages(data) is None
