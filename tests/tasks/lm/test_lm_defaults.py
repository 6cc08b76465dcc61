"""Default options follow the given ones and the text."""

import pytest

from unrolled import LanguageModel
from unrolled.data import Document
from unrolled.errors import ConfigError
from unrolled.tasks.lm.defaults import fill_defaults

PROSE = [Document("a", "the cat sat on the mat\n" * 9)]


def fill(documents=PROSE, **options):
    return fill_defaults(LanguageModel(**options).config, documents, held_out=False)


@pytest.mark.parametrize(
    ("options", "tokenizer"),
    [
        ({}, "char"),
        ({"lowercase": True}, "char"),
        ({"min_frequency": 3}, "char"),
        ({"vocabulary": 30}, "char"),
        ({"split_punctuation": True}, "word"),
        ({"adaptive_softmax": (4,)}, "word"),
        ({"vectors": "file.txt"}, "word"),
        ({"tokenizer": "bpe", "lowercase": True, "min_frequency": 5}, "bpe"),
        ({"tokenizer": "word", "loss": "steps"}, "word"),
    ],
)
def test_the_tokenizer_follows_other_options(options, tokenizer):
    config, _ = fill(**options)
    assert config.text.tokenizer == tokenizer


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({}, "stream"),
        ({"loss": "token"}, "stream"),
        ({"loss": "steps"}, "stream"),
        ({"loss": "sentence"}, "sentence"),
        ({"mode": "paragraph", "loss": "steps"}, "paragraph"),
        ({"mode": "sentence"}, "sentence"),
    ],
)
def test_the_mode_follows_other_options(options, mode):
    config, _ = fill(**options)
    assert config.corpus.mode == mode


def test_contradicting_options_are_refused():
    for options in (
        {"loss": "sentence", "mode": "stream"},
        {"loss": "sentence", "mode": "paragraph"},
        {"loss": "steps", "mode": "sentence"},
        {"split_punctuation": True, "tokenizer": "char"},
        {"split_punctuation": True, "tokenizer": "bpe"},
        {"vectors": "file.txt", "tokenizer": "bpe"},
    ):
        with pytest.raises(ConfigError):
            LanguageModel(**options)


def test_a_tied_embedding_has_the_size_of_the_output():
    config, notes = fill(tie_weights=True, hidden=24)
    assert config.network.embedding == 24
    assert notes == ("embedding: 24, the size of the output that it is tied to (--embedding, --tie-weights)",)
    config, notes = fill(tie_weights=True, hidden=24, embedding=7)
    assert (config.network.embedding, notes) == (7, ())
    assert fill(tie_weights=True, hidden=128)[1] == ()


def test_hard_wrapped_lines_are_noted_for_word_models():
    sentence = "It was a bright cold day in April, and the clocks were striking thirteen, said the old man. "
    words, lines, line = (sentence * 60).split(), [], ""
    for word in words:
        if len(line) + len(word) > 70:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    wrapped_text = "\n".join("" if n % 12 == 11 else text for n, text in enumerate(lines)) + "\n"
    document = [Document("novel", wrapped_text)]
    (note,) = fill(document, tokenizer="word")[1]
    assert "--mode paragraph" in note
    assert fill(document, tokenizer="word", mode="paragraph")[1] == ()
    assert fill(document)[1] == ()  # characters
    verse = [Document("verse", "\n".join(" ".join(words[n : n + 3 + n % 7]) for n in range(400)))]
    assert fill(verse, tokenizer="word")[1] == ()


def test_paragraph_mode_trains(tiny_options):
    text = "the cat\nsat here\n\nthe dog\nran there\n\n" * 30
    options = tiny_options | {"mode": "paragraph", "tokenizer": "word", "min_frequency": 1, "max_steps": 4}
    lm = LanguageModel(**options).fit(text, progress=False)
    assert lm.tokens(text)[:10] == [
        "the",
        "cat",
        "sat",
        "here",
        "<eos>",
        "the",
        "dog",
        "ran",
        "there",
        "<eos>",
    ]
    assert lm.evaluate(text).eos == 60
    assert len(lm.score(text)) == 60 * 5
