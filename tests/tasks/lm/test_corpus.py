"""From documents to what is trained on and scored."""

import pytest

from unrolled.data import Document, Sentences, TokenStream
from unrolled.errors import DataError
from unrolled.tasks.lm.config import CorpusConfig
from unrolled.tasks.lm.data import all_ids, check_known, make_corpus, tokenize
from unrolled.text import EOS_ID, UNK_ID, TextConfig, train_tokenizer

TEXT = "the cat sat\nthe dog ran\n\nthe cat ran\n"


def documents(*texts):
    return [Document(f"{i}.txt", t) for i, t in enumerate(texts)]


def words(*texts):
    return train_tokenizer(TextConfig("word", min_frequency=1), texts)


def test_a_stream_of_words_opens_with_eos_and_ends_every_line_with_it():
    stream = tokenize(documents(TEXT), words(TEXT), "stream")
    assert isinstance(stream, TokenStream)
    assert stream.predictions == 9 + 4
    assert stream.ids[0] == EOS_ID
    assert words(TEXT).decode(stream.ids[1:]) == TEXT


def test_sentences_are_the_lines_with_words():
    sentences = tokenize(documents(TEXT, "a dog\n"), words(TEXT, "a dog"), "sentence")
    assert isinstance(sentences, Sentences)
    assert [len(s) for s in sentences.items] == [3, 3, 3, 2]
    assert sentences.predictions == 4 + 4 + 4 + 3
    ids = all_ids(sentences).tolist()
    assert ids[0] == EOS_ID
    assert len(ids) == sentences.predictions + 1
    assert words(TEXT, "a dog").decode(ids[1:]) == TEXT.replace("\n\n", "\n") + "a dog\n"


def test_facts_count_the_training_part():
    tokenizer = train_tokenizer(TextConfig("word", min_frequency=2), [TEXT])
    corpus = make_corpus(CorpusConfig("x", valid_fraction=0.3), documents(TEXT), tokenizer)
    assert corpus.facts["tokens"] == corpus.train.predictions
    assert corpus.facts["tokens"] + corpus.facts["held_out_tokens"] == 13
    kept = all_ids(corpus.train)[1:]
    assert corpus.facts["unknown"] == (kept == UNK_ID).sum() == 2  # sat, dog
    assert corpus.facts["eos"] == (kept == EOS_ID).sum()
    assert corpus.facts["vocabulary"] == 5
    assert corpus.facts["documents"] == 1


def test_the_fingerprint_follows_the_tokens():
    def fingerprint(text, tokenizer):
        config = CorpusConfig("x", valid_fraction=0.0)
        return make_corpus(config, documents(text), tokenizer).facts["sha256"]

    tokenizer = words(TEXT)
    assert fingerprint(TEXT, tokenizer) == fingerprint(TEXT, tokenizer)
    assert fingerprint(TEXT, tokenizer) != fingerprint(TEXT.replace("cat sat", "dog sat"), tokenizer)


def test_held_out_text_may_be_a_file(tmp_path):
    (tmp_path / "valid.txt").write_text("the dog sat\n")
    config = CorpusConfig("x", valid=str(tmp_path / "valid.txt"))
    corpus = make_corpus(config, documents(TEXT), words(TEXT))
    assert corpus.train.predictions == 13
    assert corpus.valid.predictions == 4


def test_nothing_is_held_out_if_so_asked():
    config = CorpusConfig("x", valid_fraction=0.0)
    assert make_corpus(config, documents(TEXT), words(TEXT)).valid is None


@pytest.mark.parametrize(
    ("text", "fraction", "message"),
    [
        ("a", 0.1, "one token is too little"),
        ("ab", 0.999, "too short to hold out 0.999 .*--valid-fraction 0"),
    ],
)
def test_too_little_text_is_refused(text, fraction, message):
    tokenizer = train_tokenizer(TextConfig("char"), [text])
    with pytest.raises(DataError, match=message):
        make_corpus(CorpusConfig("x", valid_fraction=fraction), documents(text), tokenizer)


def test_unknown_text_is_refused_where_unk_was_never_seen():
    tokenizer = words(TEXT)
    check_known(documents("the dog sat\n"), tokenizer, 0, "x")
    with pytest.raises(DataError, match=r"1 of 4 tokens of x .*'cow'.*never saw <unk>.*--min-frequency 2"):
        check_known(documents("the cow sat\n"), tokenizer, 0, "x")
    check_known(documents("the cow sat\n"), tokenizer, 3, "x")


def test_text_of_another_kind_is_refused_even_where_unk_was_seen():
    with pytest.raises(DataError, match=r"6 of 8 tokens of x .*another kind of text"):
        check_known(documents("die Katze saß\nder Hund lief\n"), words(TEXT), 99, "x")


def test_unk_written_in_the_text_itself_is_known():
    check_known(documents("the <unk> <unk> <unk> sat\n"), words(TEXT), 0, "x")
