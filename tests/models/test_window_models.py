"""Models of window layers: construction, refused options, and the same use as recurrent models."""

from typing import Any

import pytest
import torch

from numerics import assert_all_close
from unrolled.decoding import beam_search
from unrolled.errors import ConfigError
from unrolled.layers import Window
from unrolled.models import (
    CellConfig,
    DropoutConfig,
    EncoderDecoder,
    EncoderDecoderConfig,
    NetworkConfig,
    RecurrentLanguageModel,
    TokenEncoder,
)
from unrolled.models.encoder_weights import load_encoder_weights

CELLS = ["feed-forward", "tdnn"]


def make_model(
    cell: str,
    network: NetworkConfig | None = None,
    dropout: DropoutConfig | None = None,
    **options: Any,
) -> RecurrentLanguageModel:
    network = network or NetworkConfig(layers=2, hidden=6, embedding=5)
    config = CellConfig(cell=cell, **{"context": 3} | options)
    return RecurrentLanguageModel(20, config, network, dropout or DropoutConfig()).double()


def random_tokens(steps: int, rows: int) -> torch.Tensor:
    return torch.randint(20, (steps, rows), generator=torch.Generator().manual_seed(3))


def test_feed_forward_has_one_window_and_tdnn_one_per_layer() -> None:
    network = NetworkConfig(layers=3, hidden=6, embedding=5, residual=True)
    layers = [make_model(cell, network, nonlinearity="relu").recurrent for cell in CELLS]
    assert all(isinstance(layer, Window) for layer in layers)
    assert [layer.windows for layer in layers] == [(3, 1, 1), (3, 3, 3)]
    for layer in layers:
        assert (layer.input_size, layer.hidden_size, layer.residual) == (5, 6, True)
        assert layer.nonlinearity == "relu"


def test_dropout_between_layers_reaches_the_layers() -> None:
    plain = make_model("tdnn", dropout=DropoutConfig(dropout=0.3)).recurrent
    locked = make_model("tdnn", dropout=DropoutConfig(dropout=0.3, locked=True)).recurrent
    assert (plain.dropout, plain.locked) == (0.3, 0.0)
    assert (locked.dropout, locked.locked) == (0.0, 0.3)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("network", "dropout", "message"),
    [
        ({"skip": 2}, {}, "skip=2 acts in the recurrent loop"),
        ({"projection": 4}, {}, "projection is an option of lstm"),
        ({}, {"dropout_weight": 0.5}, "dropout_weight=0.5 acts in the recurrent loop"),
        ({}, {"dropout_candidate": 0.5}, "dropout_candidate=0.5"),
        ({}, {"zoneout": 0.1}, "zoneout=0.1"),
        ({}, {"zoneout_cell": 0.1}, "zoneout_cell=0.1"),
        ({}, {"dropout": 0.1}, "acts between layers, but there is only one"),
    ],
)
def test_options_of_the_recurrent_loop_are_refused(
    cell: str, network: dict, dropout: dict, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        make_model(cell, NetworkConfig(**{"hidden": 6} | network), DropoutConfig(**dropout))


@pytest.mark.parametrize("cell", CELLS)
def test_an_encoder_decoder_refuses_windows(cell: str) -> None:
    with pytest.raises(ConfigError, match=f"cell='{cell}': the decoder begins with"):
        EncoderDecoder((9, 9), CellConfig(cell=cell), EncoderDecoderConfig(hidden=4), DropoutConfig())
    with pytest.raises(ConfigError, match=f"cell='{cell}' is not a recurrent cell"):
        CellConfig(cell=cell).build()


@pytest.mark.parametrize("input", ["embedding", "one-hot"])
@pytest.mark.parametrize("cell", CELLS)
def test_single_steps_equal_the_full_sequence(cell: str, input: str) -> None:
    model, token_ids = (
        make_model(cell, NetworkConfig(layers=2, hidden=6, embedding=5, input=input)).eval(),
        random_tokens(7, 2),
    )
    full_logits, final = model(token_ids)
    state, steps = None, []
    for step in token_ids.split(1):
        logits, state = model(step, state)
        steps.append(logits)
    assert_all_close([torch.cat(steps), *state], [full_logits, *final])


@pytest.mark.parametrize("context", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_a_beam_of_the_vocabulary_size_finds_the_best_sequence(cell: str, context: int) -> None:
    model, prompt = make_model(cell, context=context).eval(), random_tokens(4, 1)

    def step(random_tokens: torch.Tensor, state: tuple) -> tuple:
        logits, after = model(random_tokens[None], state)
        return logits[0], after

    with torch.no_grad():
        logits, state = model(prompt)
        hypothesis = beam_search(step, logits[-1], state, length=2, beams=20)[0]
        pairs = torch.cartesian_prod(torch.arange(20), torch.arange(20)).T
        token_ids = torch.cat([prompt.expand(-1, 400), pairs[:1]])
        log_probabilities = model(token_ids)[0].log_softmax(-1)
        total = log_probabilities[3].gather(1, pairs[:1].T) + log_probabilities[4].gather(1, pairs[1:].T)
    best = int(total.argmax())
    assert hypothesis.tokens == pairs[:, best].tolist()
    assert hypothesis.log_probability == pytest.approx(float(total[best]), rel=1e-9)


def test_one_hot_columns_are_initialised_wide() -> None:
    network = NetworkConfig(hidden=50, input="one-hot")
    layer = RecurrentLanguageModel(40, CellConfig(cell="tdnn"), network, DropoutConfig()).recurrent
    assert float(layer.weight_l0.detach().std()) == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("cell", CELLS)
def test_a_bidirectional_encoder_loads_unidirectional_weights(cell: str) -> None:
    """With a silent reverse direction, the forward units equal those of the source model."""
    network, config = NetworkConfig(layers=2, hidden=6, embedding=5), CellConfig(cell=cell, context=3)
    source = TokenEncoder(20, config, network, DropoutConfig()).double()
    reader = TokenEncoder(20, config, network, DropoutConfig(), bidirectional=True).double()
    load_encoder_weights(reader, source)
    with torch.no_grad():  # silence the reverse direction
        for kind in ("weight", "bias"):
            reader.recurrent.get_parameter(f"{kind}_l0_reverse").zero_()
    token_ids = random_tokens(7, 2)
    assert_all_close([reader.read(token_ids)[0][..., :6]], [source.read(token_ids)[0]])


def test_weights_of_another_window_length_are_refused() -> None:
    network = NetworkConfig(hidden=6, embedding=5)
    source, reader = (
        TokenEncoder(
            20, CellConfig(cell="tdnn", context=n), network, DropoutConfig(), bidirectional=bidirectional
        )
        for n, bidirectional in ((2, False), (4, True))
    )
    with pytest.raises(
        ConfigError, match=r"weight_l0 is \(6, 20\) in this model and \(6, 10\) in the source model"
    ):
        load_encoder_weights(reader, source)
