"""Options of a network, and contradictions between them."""

import math
from typing import Any

import pytest

from unrolled.errors import ConfigError
from unrolled.layers import RecurrentDrop
from unrolled.models import CellConfig, DropoutConfig, NetworkConfig
from unrolled.models.config import RECURRENT_CELLS


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "lstm", "nonlinearity": "relu"}, "nonlinearity='relu' is an option of elman, jordan, "),
        ({"cell": "gru", "nonlinearity": "relu"}, "not of cell='gru'"),
        ({"cell": "lstm", "reset": "before"}, "reset='before' is an option of gru"),
        ({"cell": "gru", "peepholes": True}, "peepholes=True is an option of lstm"),
        ({"cell": "elman", "forget_bias": 1.0}, "forget_bias=1.0 is an option of lstm"),
        (
            {"context": 3},
            "context=3 is an option of feed-forward and tdnn; none of lstm, gru and elman has all given "
            "options: choose the cell with cell=",
        ),
        (
            {"cell": "lstm", "context": 3},
            "context=3 is an option of feed-forward and tdnn, not of cell='lstm'",
        ),
        ({"peepholes": True, "reset": "before"}, "is an option of"),
        (
            {"cell": "tdnn", "layer_norm": True},
            f"is an option of {', '.join(RECURRENT_CELLS[:-1])} and {RECURRENT_CELLS[-1]}, "
            "not of cell='tdnn'",
        ),
        ({"cell": "feed-forward", "recurrent_init": "identity"}, "recurrent_init='identity' is an option of"),
        ({"cell": "feed-forward", "reset": "before"}, "reset='before' is an option of gru"),
        ({"cell": "tdnn", "context": 0}, "context=0: must be at least 1"),
    ],
)
def test_an_option_of_another_cell_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CellConfig(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": 0}, "layers=0: must be at least 1"),
        ({"hidden": 0}, "hidden=0"),
        ({"embedding": 0}, "embedding=0"),
        ({"projection": -1}, "projection=-1"),
        ({"skip": -1}, "skip=-1"),
        ({"skip": 1}, "skip=1 is the recurrence itself"),
        ({"init_range": -0.1}, "init_range=-0.1"),
        ({"hidden": 8, "projection": 8}, "projection=8 must be less than hidden=8"),
        ({"input": "vectors"}, "give both input='vectors' and vectors=FILE"),
        ({"vectors": "glove.txt", "input": "embedding"}, "give both input='vectors' and vectors=FILE"),
        ({"input": "one-hot", "tie_weights": True}, "tie_weights needs an embedding table"),
        ({"freeze_vectors": True}, "freeze_vectors needs word vectors"),
        ({"adaptive_softmax": (2,), "tie_weights": True}, "adaptive_softmax .* does not go with tie_weights"),
    ],
)
def test_invalid_networks_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        NetworkConfig(**options)


@pytest.mark.parametrize(
    ("options", "cell"),
    [
        ({}, "lstm"),
        ({"peepholes": True}, "lstm"),
        ({"chrono": 20}, "lstm"),
        ({"reset": "before"}, "gru"),
        ({"reset": "before", "chrono": 20}, "gru"),
        ({"nonlinearity": "relu"}, "elman"),
        ({"cell": "jordan", "nonlinearity": "relu"}, "jordan"),
    ],
)
def test_the_automatic_cell_follows_the_options(options: dict[str, Any], cell: str) -> None:
    assert CellConfig(**options).name == cell
    assert CellConfig(**options).build().name == cell


def test_the_automatic_input_follows_the_vectors_option() -> None:
    assert NetworkConfig().entry == "embedding"
    assert NetworkConfig(vectors="glove.txt").entry == "vectors"
    assert NetworkConfig(input="one-hot").entry == "one-hot"


@pytest.mark.parametrize("rate", [-0.1, 1.0, math.nan])
@pytest.mark.parametrize(
    "name",
    [
        "dropout",
        "dropout_input",
        "dropout_output",
        "dropout_weight",
        "dropout_candidate",
        "zoneout",
        "zoneout_cell",
    ],
)
def test_rates_outside_0_1_are_refused(name: str, rate: float) -> None:
    with pytest.raises(ConfigError, match=str(rate)):
        DropoutConfig(**{name: rate})


def test_dropout_rates_reach_the_layers_they_apply_to() -> None:
    config = DropoutConfig(
        dropout=0.1, dropout_weight=0.2, dropout_candidate=0.3, zoneout=0.4, zoneout_cell=0.5
    )
    expected = RecurrentDrop(weight=0.2, candidate=0.3, zoneout=0.4, zoneout_cell=0.5)
    assert config.for_recurrent_layers() == expected
    assert DropoutConfig(dropout=0.1, locked=True).for_recurrent_layers() == RecurrentDrop(locked=0.1)
