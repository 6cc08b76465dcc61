"""What the data decide, and that no option that was given is changed."""

import pytest

import unrolled as ur
from unrolled.data import Labelled
from unrolled.errors import ConfigError
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.defaults import choose_epochs, choose_tokenizer, fill_defaults

WORDS = Labelled(["a text of some words", "and one more of them"] * 50, ["x", "y"] * 50)
NAMES = Labelled(["Rossi", "van Dijk", "Sato"] * 40, ["x", "y", "z"] * 40)


def filled(labelled, **options):
    return fill_defaults(ur.Classifier(**options).config, labelled)


@pytest.mark.parametrize(
    ("labelled", "tokenizer", "pooling", "note"),
    [
        (WORDS, "word", "attention", "tokens: words, since a text has 5 words on average (--tokenizer)"),
        (NAMES, "char", "max", "tokens: characters, since a text has 1.3 words on average (--tokenizer)"),
    ],
)
def test_texts_choose_their_tokens(labelled, tokenizer, pooling, note):
    config, notes = filled(labelled)
    assert (config.text.tokenizer, config.head.pooling) == (tokenizer, pooling)
    assert notes == (note,)
    assert config.network.hidden > 0
    assert config.training.epochs > 0


def test_texts_without_blanks_are_read_by_character():
    assert (
        choose_tokenizer(["這家餐廳的湯很好喝我們下次還會再來的因為服務非常周到而且價格便宜"] * 9)[0]
        == "char"
    )
    assert choose_tokenizer(["Rossi"], vectors=True)[0] == "word"


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
def test_what_is_given_stays(labelled, name, value):
    if name == "projection":
        assert filled(labelled, projection=value)[0].network.projection == value
        return
    config, _ = filled(labelled, **{name: value})
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
    again, _ = fill_defaults(config, labelled)
    assert again == config


@pytest.mark.parametrize("one", sorted(OPTIONS))
@pytest.mark.parametrize("other", sorted(OPTIONS))
def test_no_pair_of_options_is_refused_without_need(one, other):
    """An option that was not given is never in the way; nor is one that goes with the other."""
    for a in OPTIONS[one]:
        for b in OPTIONS[other]:
            if (
                one == other
                or {"projection", "hidden"} == {one, other}
                or {one, other} == {"projection", "cell"}
            ):
                continue
            filled(WORDS, **{one: a, other: b})


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
def test_options_alone(options):
    config, _ = filled(WORDS, **options)
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


def test_dropout_without_effect_is_said():
    assert "no effect with one layer" in filled(WORDS, dropout=0.5)[1][-1]
    assert len(filled(WORDS, dropout=0.5, layers=2)[1]) == 1


@pytest.mark.parametrize(("count", "expected"), [(100, 60), (2000, 16), (20_000, 4), (120_000, 1)])
def test_small_data_are_read_more_often(count, expected):
    assert choose_epochs(count, 32, "word") == expected


def test_many_texts_have_a_smaller_vocabulary(monkeypatch):
    monkeypatch.setattr("unrolled.tasks.classify.defaults.MANY_TEXTS", 50)
    assert filled(WORDS)[0].text.min_frequency == 2
    assert filled(WORDS, min_frequency=1)[0].text.min_frequency == 1


def test_each_fit_asks_the_data_anew():
    model = ur.Classifier(hidden=4, embedding=4, max_steps=1, threads=1).fit(NAMES.items, NAMES.labels)
    assert model.config.text.tokenizer == "char"
    assert model.get_params()["tokenizer"] == "auto"
    assert model.fit(WORDS.items, WORDS.labels).config.text.tokenizer == "word"
