"""The same configuration with every cell."""

import dataclasses
import itertools

import pytest
import torch

from unrolled.config import with_options
from unrolled.errors import ConfigError
from unrolled.experiments.ladders import TASKS, ladder_type
from unrolled.models import RecurrentLanguageModel
from unrolled.models.config import WINDOWED
from unrolled.tasks import spec_of
from unrolled.tasks.base.networks import CELLS, CELLS_WITH_OPTION, parse_network, with_cell

BASES = {
    "plain": {},
    "lstm": {"cell": "lstm", "peepholes": True, "forget_bias": 1.0, "projection": 5, "zoneout_cell": 0.1},
    "gru": {"cell": "gru", "reset": "before", "dropout_candidate": 0.1},
    "elman": {"cell": "elman", "nonlinearity": "relu", "recurrent_init": "identity", "layer_norm": True},
    "jordan": {"cell": "jordan", "nonlinearity": "sigmoid"},
    "feed-forward": {"cell": "feed-forward", "context": 3, "nonlinearity": "relu"},
    "tdnn": {"cell": "tdnn", "context": 7},
    "loops": {"skip": 2, "zoneout": 0.2, "dropout_weight": 0.1, "layer_norm": True},
    "shared": {"layers": 2, "hidden": 12, "dropout": 0.3, "locked": True, "residual": True, "lr": 0.5},
}


@pytest.mark.parametrize("name", [*CELLS, *("bi" + cell for cell in CELLS)])
def test_names(name):
    cell, both = parse_network(name)
    assert ("bi" if both else "") + cell == name


@pytest.mark.parametrize("name", ["", "lstm2", "LSTM", "bi", "bibilstm", "lstm+kn5", "transformer", "lstm "])
def test_no_names(name):
    assert parse_network(name) is None


def flat(config):
    return {
        inner.name: getattr(getattr(config, f.name), inner.name)
        for f in dataclasses.fields(config)
        for inner in dataclasses.fields(getattr(config, f.name))
    }


EVERY = [
    (task, base, cell)
    for task, base, cell in itertools.product(TASKS, BASES, CELLS)
    if task != "translate" or not {base, cell} & set(WINDOWED)  # an encoder-decoder has no windows
]


@pytest.mark.parametrize(("task", "base", "cell"), EVERY)
def test_only_what_a_cell_lacks_is_reset(task, base, cell):
    kind = spec_of(task).config
    options = {"hidden": 12} | BASES[base]
    config = with_options(kind(), options)
    found, before, usual = flat(with_cell(config, cell, True)), flat(config), flat(kind())
    assert found.pop("cell") == cell
    assert found.pop("bidirectional", True) is True
    for name, value in found.items():
        lacks = name in CELLS_WITH_OPTION and cell not in CELLS_WITH_OPTION[name]
        assert value == (usual if lacks else before)[name], name


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("cell", CELLS)
def test_every_network_can_be_built_and_trained(base, cell):
    options = {"hidden": 12, "embedding": 6, "layers": 2} | BASES[base]
    config = with_cell(with_options(spec_of("lm").config(), options), cell, False)
    model = RecurrentLanguageModel(9, config.cell, config.network, config.dropout)
    tokens = torch.randint(0, 9, (5, 3))
    loss, _, _ = model.loss(tokens, tokens, None)
    loss.backward()
    assert torch.isfinite(loss)


def test_a_default_of_the_task_is_what_is_gone_back_to():
    config = spec_of("forecast").config()
    assert with_cell(config, "tdnn", False).network.hidden == config.network.hidden == 32


@pytest.mark.parametrize(
    ("task", "rung", "there"),
    [
        ("lm", "lstm", True),
        ("lm", "bilstm", False),  # it would read what it is to predict
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
def test_which_networks_there_are(task, rung, there):
    config = spec_of(task).config()
    assert (ladder_type(task).configured(config, rung) is not None) is there


def test_names_that_an_error_lists_are_names():
    for task in TASKS:
        kind, config = ladder_type(task), spec_of(task).config()
        with pytest.raises(ConfigError) as caught:
            kind.check(config, ["nonsense"], "", 1)
        listed = str(caught.value).partition("there are ")[2].split(", ")
        for name in listed:
            if not any(mark in name for mark in ("N", "FILE", "(")):
                kind.check(config, [name], "", 1)


def test_attention_is_what_the_configuration_names():
    kind, base = ladder_type("translate"), spec_of("translate").config()
    for given, taken in (("additive", "additive"), ("none", "dot"), ("fixed", "dot")):
        config = with_options(base, {"attention": given})
        assert kind.configured(config, "gru+attention").network.attention == taken
        assert kind.configured(config, "gru").network.attention == "none"


def test_options_of_attention_are_reset_without_it():
    base = spec_of("translate").config()
    config = with_options(base, {"tokenizer": "word", "copy_unknown": True, "input_feeding": True})
    kind = ladder_type("translate")
    without, attends = kind.configured(config, "lstm"), kind.configured(config, "lstm+attention")
    assert (without.search.copy_unknown, without.network.input_feeding) == (False, False)
    assert (attends.search.copy_unknown, attends.network.input_feeding) == (True, True)
