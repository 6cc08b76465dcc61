"""Defaults that follow from the data."""

import itertools
import random

import pytest

from unrolled import Translator, TranslatorConfig
from unrolled.data import build_pairs
from unrolled.tasks.translate.defaults import fill_defaults

RNG = random.Random(0)
DATES = [
    (f"{m} {d}, {y}", f"{y}-{d:02}") for m in ("May", "June") for d in range(1, 28) for y in range(1970, 1990)
]
COMMANDS = [(f"walk {a} and {b}", f"WALK_{a} {b} {b}") for a, b in itertools.product("lr", "abc")] * 10
RARE_WORDS = ["".join(RNG.choices("abcdefghijklmnop", k=6)) for _ in range(600)]
SENTENCES = [
    (f"the {a} of {b} goes on and on", f"das {a} von {b} geht weiter")
    for a, b in itertools.pairwise(RARE_WORDS)
]


def fill(pairs, **options):
    return fill_defaults(Translator(**options).config, build_pairs(pairs))


@pytest.mark.parametrize(
    ("pairs", "tokenizer_kind", "rates"),
    [
        (DATES, "char", (0.0, 0.0, 0.0)),
        (COMMANDS, "word", (0.0, 0.0, 0.0)),
        (SENTENCES, "bpe", (0.2, 0.3, 0.1)),
    ],
)
def test_tokenizer_and_regularisation_follow_the_texts(pairs, tokenizer_kind, rates):
    config, notes = fill(pairs)
    assert config.text.tokenizer == tokenizer_kind
    dropout = config.dropout
    assert (dropout.dropout_input, dropout.dropout_output, config.training.label_smoothing) == rates
    assert "(--tokenizer)" in notes[0]
    assert len(notes) == 1 + any(rates)


@pytest.mark.parametrize(
    ("options", "group", "name", "value"),
    [
        ({"tokenizer": "char"}, "text", "tokenizer", "char"),
        ({"vocabulary": 300}, "text", "vocabulary", 300),
        ({"vocabulary": 100}, "text", "tokenizer", "word"),
        ({"split_punctuation": True}, "text", "tokenizer", "word"),
        ({"copy_unknown": True}, "text", "tokenizer", "word"),
        ({"share_embeddings": True}, "text", "joint", True),
        ({"dropout_input": 0.0}, "dropout", "dropout_input", 0.0),
        ({"label_smoothing": 0.0}, "training", "label_smoothing", 0.0),
        ({"attention": "additive"}, "network", "attention", "additive"),
        ({"encoder_hidden": 7}, "network", "attention", "general"),
        ({}, "network", "attention", "dot"),
        ({}, "cell", "cell", "gru"),
        ({"cell": "lstm"}, "cell", "cell", "lstm"),
        ({"peepholes": True}, "cell", "cell", "lstm"),
    ],
)
def test_given_options_are_kept_and_others_follow(options, group, name, value):
    config, _ = fill(SENTENCES, **options)
    assert getattr(getattr(config, group), name) == value
    for option, option_value in options.items():
        groups = (config.text, config.network, config.dropout, config.training, config.search, config.cell)
        assert option_value in [getattr(g, option) for g in groups if hasattr(g, option)]


def test_filling_twice_changes_nothing():
    config, _ = fill(SENTENCES)
    assert fill_defaults(config, build_pairs(SENTENCES)) == (config, ())


def test_defaults_are_not_filled_before_training():
    assert Translator().config == TranslatorConfig()
    assert TranslatorConfig().dropout.dropout_input is None
