"""Defaults that follow from the data; options given by the user are never changed."""

import pytest

import unrolled as ur
from unrolled.data import Labelled
from unrolled.errors import ConfigError
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.defaults import choose_epochs, choose_tokenizer, fill_defaults

WORDS = Labelled(["a text of some words", "and one more of them"] * 50, ["x", "y"] * 50)
NAMES = Labelled(["Rossi", "van Dijk", "Sato"] * 40, ["x", "y", "z"] * 40)


def fill(labelled, **options):
    return fill_defaults(ur.Classifier(**options).config, labelled)


@pytest.mark.parametrize(
    ("labelled", "tokenizer", "pooling", "note"),
    [
        (
            WORDS,
            "word",
            "attention",
            "using words as tokens, because texts have 5 words on average; change with --tokenizer",
        ),
        (
            NAMES,
            "char",
            "max",
            "using characters as tokens, because texts have 1.3 words on average; change with --tokenizer",
        ),
    ],
)
def test_the_tokenizer_follows_the_texts(labelled, tokenizer, pooling, note):
    config, notes = fill(labelled)
    assert (config.text.tokenizer, config.head.pooling) == (tokenizer, pooling)
    assert notes == (note,)
    assert config.network.hidden > 0
    assert config.training.epochs > 0


def test_texts_without_spaces_are_read_by_character():
    assert (
        choose_tokenizer(["這家餐廳的湯很好喝我們下次還會再來的因為服務非常周到而且價格便宜"] * 9)[0]
        == "char"
    )
    assert choose_tokenizer(["Rossi"], has_pretrained_vectors=True)[0] == "word"


OPTIONS = {
    "tokenizer": ["char", "word", "bpe"],
    "hidden": [7],
    "embedding": [9],
    "lr": [0.5],
    "epochs": [3],
    "minutes": [2.0],
    "pooling": ["last", "mean", "max", "attention"],
    "dropout_input": [0.0, 0.4],
    "dropout_output": [0.0, 0.4],
    "dropout_word": [0.0, 0.4],
    "moving_average": [0.0, 0.5],
    "min_frequency": [3],
    "vocabulary": [300],
    "lowercase": [False],
    "cell": ["gru", "elman", "tdnn"],
    "optimizer": ["sgd", "adamw"],
    "input": ["one-hot", "embedding"],
    "projection": [3, 400],
}


@pytest.mark.parametrize("labelled", [WORDS, NAMES])
@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in OPTIONS.items() for v in values])
def test_given_options_are_kept(labelled, name, value):
    if name == "projection":
        assert fill(labelled, projection=value)[0].network.projection == value
        return
    config, _ = fill(labelled, **{name: value})
    groups = (
        config.text,
        config.network,
        config.head,
        config.dropout,
        config.optimizer,
        config.training,
        config.cell,
    )
    assert next(getattr(group, name) for group in groups if hasattr(group, name)) == value
    filled_again, _ = fill_defaults(config, labelled)
    assert filled_again == config


@pytest.mark.thin(13)
@pytest.mark.parametrize("first", sorted(OPTIONS))
@pytest.mark.parametrize("second", sorted(OPTIONS))
def test_no_valid_pair_of_options_is_refused(first, second):
    """Defaults never conflict with given options, nor do compatible options conflict with each other."""
    for a in OPTIONS[first]:
        for b in OPTIONS[second]:
            if (
                first == second
                or {"projection", "hidden"} == {first, second}
                or {first, second} == {"projection", "cell"}
            ):
                continue
            fill(WORDS, **{first: a, second: b})


@pytest.mark.parametrize(
    "options",
    [
        {"tokenizer": "char"},
        {"tokenizer": "bpe"},
        {"optimizer": "nt-asgd"},
        {"weight_decay": 0.01},
        {"momentum": 0.9},
        {"projection": 300},
        {"vectors": "some.txt"},
        {"vectors": "some.txt", "freeze_vectors": True},
        {"reset": "before"},
        {"nonlinearity": "relu"},
        {"peepholes": True},
        {"vocabulary": 100},
    ],
    ids=str,
)
def test_each_option_alone_is_accepted(options):
    config, _ = fill(WORDS, **options)
    assert isinstance(config, ClassifierConfig)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tokenizer": "char", "vectors": "some.txt"}, "needs tokenizer='word'"),
        ({"init_from": "run", "vectors": "some.txt"}, "give one of them"),
        ({"projection": 9, "hidden": 8}, "must be less than hidden"),
        ({"tokenizer": "bpe", "vocabulary": 100}, "at least 258"),
        ({"dropout_input": 1.5}, "must lie in"),
        ({"hidden": -1}, "must be at least 1"),
        ({"lr": -1.0}, "must be a positive number"),
    ],
)
def test_contradictions_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        ur.Classifier(**options)


def test_a_note_reports_dropout_without_effect():
    assert "no effect with one layer" in fill(WORDS, dropout=0.5)[1][-1]
    assert len(fill(WORDS, dropout=0.5, layers=2)[1]) == 1


@pytest.mark.parametrize(("count", "expected"), [(100, 60), (2000, 16), (20_000, 4), (120_000, 1)])
def test_small_data_get_more_epochs(count, expected):
    assert choose_epochs(count, 32, "word") == expected


def test_many_texts_get_a_minimum_frequency(monkeypatch):
    monkeypatch.setattr("unrolled.tasks.classify.defaults.MANY_TEXTS", 50)
    assert fill(WORDS)[0].text.min_frequency == 2
    assert fill(WORDS, min_frequency=1)[0].text.min_frequency == 1


def test_each_fit_derives_the_defaults_from_its_data():
    model = ur.Classifier(hidden=4, embedding=4, max_steps=1, threads=1).fit(NAMES.items, NAMES.labels)
    assert model.config.text.tokenizer == "char"
    assert model.get_params()["tokenizer"] == "auto"
    assert model.fit(WORDS.items, WORDS.labels).config.text.tokenizer == "word"
