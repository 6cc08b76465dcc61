"""Documents turned into token streams and sentences for training and scoring."""

import pytest

from unrolled.data import Document, Sentences, TokenStream
from unrolled.errors import DataError
from unrolled.tasks.lm.config import CorpusConfig
from unrolled.tasks.lm.data import TextToScore, all_ids, make_corpus, tokenize
from unrolled.text import EOS_ID, UNK_ID, TextConfig, train_tokenizer

TEXT = "the cat sat\nthe dog ran\n\nthe cat ran\n"


def make_documents(*texts):
    return [Document(f"{i}.txt", t) for i, t in enumerate(texts)]


def make_word_tokenizer(*texts):
    return train_tokenizer(TextConfig("word", min_frequency=1), texts)


def test_a_word_stream_starts_and_ends_each_line_with_eos():
    stream = tokenize(make_documents(TEXT), make_word_tokenizer(TEXT), "stream")
    assert isinstance(stream, TokenStream)
    assert stream.predictions == 9 + 4
    assert stream.ids[0] == EOS_ID
    assert make_word_tokenizer(TEXT).decode(stream.ids[1:]) == TEXT


def test_sentences_are_the_nonempty_lines():
    sentences = tokenize(make_documents(TEXT, "a dog\n"), make_word_tokenizer(TEXT, "a dog"), "sentence")
    assert isinstance(sentences, Sentences)
    assert [len(s) for s in sentences.items] == [3, 3, 3, 2]
    assert sentences.predictions == 4 + 4 + 4 + 3
    ids = all_ids(sentences).tolist()
    assert ids[0] == EOS_ID
    assert len(ids) == sentences.predictions + 1
    assert make_word_tokenizer(TEXT, "a dog").decode(ids[1:]) == TEXT.replace("\n\n", "\n") + "a dog\n"


def test_facts_count_the_training_part():
    tokenizer = train_tokenizer(TextConfig("word", min_frequency=2), [TEXT])
    corpus = make_corpus(
        CorpusConfig("x", hold_out="end", valid_fraction=0.3), make_documents(TEXT), tokenizer
    )
    assert corpus.data_info["tokens"] == corpus.train.predictions
    assert corpus.data_info["tokens"] + corpus.data_info["held_out_tokens"] == 13
    ids = all_ids(corpus.train)[1:]
    assert corpus.data_info["unknown"] == (ids == UNK_ID).sum() == 2  # sat, dog
    assert corpus.data_info["eos"] == (ids == EOS_ID).sum()
    assert corpus.data_info["vocabulary"] == 5
    assert corpus.data_info["documents"] == 1


def test_the_fingerprint_follows_the_tokens():
    def fingerprint(text, tokenizer):
        config = CorpusConfig("x", hold_out="end", valid_fraction=0.0)
        return make_corpus(config, make_documents(text), tokenizer).data_info["sha256"]

    tokenizer = make_word_tokenizer(TEXT)
    assert fingerprint(TEXT, tokenizer) == fingerprint(TEXT, tokenizer)
    assert fingerprint(TEXT, tokenizer) != fingerprint(TEXT.replace("cat sat", "dog sat"), tokenizer)


def test_held_out_text_may_be_given(tmp_path):
    config = CorpusConfig("x", valid=str(tmp_path / "valid.txt"))
    corpus = make_corpus(
        config, make_documents(TEXT), make_word_tokenizer(TEXT), make_documents("the dog sat\n")
    )
    assert corpus.train.predictions == 13
    assert corpus.valid.predictions == 4


def test_nothing_is_held_out_with_fraction_zero():
    config = CorpusConfig("x", hold_out="end", valid_fraction=0.0)
    assert make_corpus(config, make_documents(TEXT), make_word_tokenizer(TEXT)).valid is None


@pytest.mark.parametrize(
    ("text", "fraction", "message"),
    [
        ("a", 0.1, "one token is not enough"),
        ("ab", 0.999, "too short to hold out 0.999 .*--valid-fraction 0"),
    ],
)
def test_too_little_text_is_refused(text, fraction, message):
    tokenizer = train_tokenizer(TextConfig("char"), [text])
    with pytest.raises(DataError, match=message):
        make_corpus(
            CorpusConfig("x", hold_out="end", valid_fraction=fraction), make_documents(text), tokenizer
        )


def test_unknown_tokens_are_counted_and_get_probability():
    def prepare(text):
        return TextToScore.of(make_documents(text), make_word_tokenizer(TEXT), 0.01, "stream", "x")

    with_known_words = prepare("the dog sat\n")
    assert (with_known_words.share, with_known_words.notes) == (0.0, ())
    with_unknown_word = prepare("the cow sat\n")
    assert with_unknown_word.share == 0.01
    assert with_unknown_word.notes[0].startswith(
        "x: 1 of 4 words are unknown to the model ('cow'), scored with"
    )
    with pytest.raises(DataError, match=r"6 of 8 tokens of x .*another kind of text"):
        prepare("die Katze saß\nder Hund lief\n")
    prepare("the <unk> <unk> <unk> sat\n")  # <unk> is part of the text


def test_the_unknown_share_is_estimated_on_the_training_part():
    tokenizer = make_word_tokenizer(TEXT)
    corpus = make_corpus(
        CorpusConfig("x", hold_out="end", valid_fraction=0.3), make_documents(TEXT), tokenizer
    )
    # the cat sat / the dog ran: cat, sat, dog, ran occur once among 9 tokens with <eos>.
    assert corpus.share == (4 + 1) / (9 + 2)
    tokenizer_with_unk = train_tokenizer(TextConfig("word", min_frequency=2), [TEXT])
    assert (
        make_corpus(CorpusConfig("x", valid_fraction=0.0), make_documents(TEXT), tokenizer_with_unk).share
        == 0.0
    )


@pytest.mark.parametrize("mode", ["stream", "paragraph"])
def test_paragraph_mode_joins_lines(mode):
    wrapped = "the cat\nsat\n\nthe dog\nran\n  \n\nthe cat ran"
    tokens = tokenize(make_documents(wrapped), make_word_tokenizer(TEXT), mode)
    text = make_word_tokenizer(TEXT).decode(tokens.ids[1:])
    if mode == "paragraph":
        assert text == "the cat sat\nthe dog ran\nthe cat ran\n"
    else:
        assert text.count("\n") == 8


def test_sentence_marks_become_eos():
    marked = "<s> the cat sat </s>\n<s> <s> the dog ran </s> </s>\n"
    unmarked = "the cat sat\nthe dog ran\n"
    for mode in ("stream", "sentence"):
        ids = [
            all_ids(tokenize(make_documents(text), make_word_tokenizer(TEXT), mode)).tolist()
            for text in (marked, unmarked)
        ]
        assert ids[0] == ids[1]
    characters = train_tokenizer(TextConfig("char"), [marked])
    assert tokenize(make_documents(marked), characters, "stream").predictions == len(marked)
