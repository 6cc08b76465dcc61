"""Names of networks; switching the cell of a configuration keeps every option that the new cell has."""

import dataclasses
import itertools

import pytest
import torch

from unrolled.config import with_options
from unrolled.errors import ConfigError
from unrolled.experiments.ladders import TASKS, get_ladder_class
from unrolled.models import RecurrentLanguageModel
from unrolled.models.config import WINDOW_CELLS
from unrolled.tasks import spec_of
from unrolled.tasks.base.networks import CELLS, CELLS_BY_PARTIAL_OPTION, parse_cell_name, with_cell

START_OPTIONS = {
    "plain": {},
    "lstm": {"cell": "lstm", "peepholes": True, "forget_bias": 1.0, "projection": 5, "zoneout_cell": 0.1},
    "gru": {"cell": "gru", "reset": "before", "dropout_candidate": 0.1},
    "elman": {"cell": "elman", "nonlinearity": "relu", "recurrent_init": "identity", "layer_norm": True},
    "jordan": {"cell": "jordan", "nonlinearity": "sigmoid"},
    "feed-forward": {"cell": "feed-forward", "context": 3, "nonlinearity": "relu"},
    "tdnn": {"cell": "tdnn", "context": 7},
    "loop options": {"skip": 2, "zoneout": 0.2, "dropout_weight": 0.1, "layer_norm": True},
    "common options": {
        "layers": 2,
        "hidden": 12,
        "dropout": 0.3,
        "locked": True,
        "residual": True,
        "lr": 0.5,
    },
}


@pytest.mark.parametrize("name", [*CELLS, *("bi" + cell for cell in CELLS)])
def test_network_names_are_parsed(name):
    cell, bidirectional = parse_cell_name(name)
    assert ("bi" if bidirectional else "") + cell == name


@pytest.mark.parametrize("name", ["", "lstm2", "LSTM", "bi", "bibilstm", "lstm+kn5", "transformer", "lstm "])
def test_other_names_are_not_networks(name):
    assert parse_cell_name(name) is None


def flatten(config):
    return {
        inner.name: getattr(getattr(config, f.name), inner.name)
        for f in dataclasses.fields(config)
        for inner in dataclasses.fields(getattr(config, f.name))
    }


COMBINATIONS = [
    (task, base, cell)
    for task, base, cell in itertools.product(TASKS, START_OPTIONS, CELLS)
    if task != "translate" or not {base, cell} & set(WINDOW_CELLS)  # translate supports recurrent cells only
]


@pytest.mark.thin(13)
@pytest.mark.parametrize(("task", "base", "cell"), COMBINATIONS)
def test_only_options_that_the_cell_lacks_are_reset(task, base, cell):
    config_type = spec_of(task).config
    options = {"hidden": 12} | START_OPTIONS[base]
    config = with_options(config_type(), options)
    switched, before, defaults = (
        flatten(with_cell(config, cell, True)),
        flatten(config),
        flatten(config_type()),
    )
    assert switched.pop("cell") == cell
    assert switched.pop("bidirectional", True) is True
    for name, value in switched.items():
        cell_lacks_option = name in CELLS_BY_PARTIAL_OPTION and cell not in CELLS_BY_PARTIAL_OPTION[name]
        assert value == (defaults if cell_lacks_option else before)[name], name


@pytest.mark.parametrize("base", START_OPTIONS)
@pytest.mark.parametrize("cell", CELLS)
def test_every_network_can_be_built_and_trained(base, cell):
    options = {"hidden": 12, "embedding": 6, "layers": 2} | START_OPTIONS[base]
    config = with_cell(with_options(spec_of("lm").config(), options), cell, False)
    model = RecurrentLanguageModel(9, config.cell, config.network, config.dropout)
    tokens = torch.randint(0, 9, (5, 3))
    loss, _, _ = model.loss(tokens, tokens, None)
    loss.backward()
    assert torch.isfinite(loss)


def test_options_are_reset_to_the_defaults_of_the_task():
    config = spec_of("forecast").config()
    assert with_cell(config, "tdnn", False).network.hidden == config.network.hidden == 32


@pytest.mark.parametrize(
    ("task", "rung", "exists"),
    [
        ("lm", "lstm", True),
        ("lm", "bilstm", False),  # a bidirectional model would see the tokens that it must predict
        ("classify", "bigru", True),
        ("classify", "bifeed-forward", True),
        ("tag", "bitdnn", True),
        ("forecast", "bilstm", False),
        ("translate", "gru+attention", True),
        ("translate", "tdnn", False),
        ("translate", "tdnn+attention", False),
        ("translate", "+attention", False),
        ("translate", "attention", False),
    ],
)
def test_model_names_accepted_by_each_task(task, rung, exists):
    config = spec_of(task).config()
    assert (get_ladder_class(task).configured(config, rung) is not None) is exists


def test_names_listed_in_the_error_are_valid():
    for task in TASKS:
        ladder, config = get_ladder_class(task), spec_of(task).config()
        with pytest.raises(ConfigError) as error:
            ladder.check(config, ["nonsense"], "", 1)
        listed_names = str(error.value).partition("there are ")[2].split(", ")
        for name in listed_names:
            if not any(mark in name for mark in ("N", "FILE", "(")):
                ladder.check(config, [name], "", 1)


def test_attention_type_is_taken_from_the_configuration_or_is_dot():
    ladder, base = get_ladder_class("translate"), spec_of("translate").config()
    for attention_type, expected in (("additive", "additive"), ("none", "dot"), ("fixed", "dot")):
        config = with_options(base, {"attention": attention_type})
        assert ladder.configured(config, "gru+attention").network.attention == expected
        assert ladder.configured(config, "gru").network.attention == "none"


def test_options_of_attention_are_reset_without_it():
    base = spec_of("translate").config()
    config = with_options(base, {"tokenizer": "word", "copy_unknown": True, "input_feeding": True})
    ladder = get_ladder_class("translate")
    without_attention, with_attention = (
        ladder.configured(config, "lstm"),
        ladder.configured(config, "lstm+attention"),
    )
    assert (without_attention.search.copy_unknown, without_attention.network.input_feeding) == (False, False)
    assert (with_attention.search.copy_unknown, with_attention.network.input_feeding) == (True, True)
