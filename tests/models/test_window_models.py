"""Models whose layers are windows: what builds them, what they refuse, and that they are used alike."""

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
    TokenReader,
)
from unrolled.models.adopt import adopt

CELLS = ["feed-forward", "tdnn"]


def make(
    cell: str,
    network: NetworkConfig | None = None,
    dropout: DropoutConfig | None = None,
    **options: Any,
) -> RecurrentLanguageModel:
    network = network or NetworkConfig(layers=2, hidden=6, embedding=5)
    config = CellConfig(cell=cell, **{"context": 3} | options)
    return RecurrentLanguageModel(20, config, network, dropout or DropoutConfig()).double()


def tokens(steps: int, rows: int) -> torch.Tensor:
    return torch.randint(20, (steps, rows), generator=torch.Generator().manual_seed(3))


def test_feed_forward_reads_a_window_once_and_time_delays_at_every_layer() -> None:
    network = NetworkConfig(layers=3, hidden=6, embedding=5, residual=True)
    layers = [make(cell, network, nonlinearity="relu").recurrent for cell in CELLS]
    assert all(isinstance(layer, Window) for layer in layers)
    assert [layer.windows for layer in layers] == [(3, 1, 1), (3, 3, 3)]
    for layer in layers:
        assert (layer.input_size, layer.hidden_size, layer.residual) == (5, 6, True)
        assert layer.nonlinearity == "relu"


def test_rates_between_layers_reach_them() -> None:
    plain = make("tdnn", dropout=DropoutConfig(dropout=0.3)).recurrent
    locked = make("tdnn", dropout=DropoutConfig(dropout=0.3, locked=True)).recurrent
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
def test_options_of_the_loop_are_refused(cell: str, network: dict, dropout: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make(cell, NetworkConfig(**{"hidden": 6} | network), DropoutConfig(**dropout))


@pytest.mark.parametrize("cell", CELLS)
def test_an_encoder_decoder_needs_a_state(cell: str) -> None:
    with pytest.raises(ConfigError, match=f"cell='{cell}': the decoder begins with"):
        EncoderDecoder((9, 9), CellConfig(cell=cell), EncoderDecoderConfig(hidden=4), DropoutConfig())
    with pytest.raises(ConfigError, match=f"cell='{cell}' is not a recurrent cell"):
        CellConfig(cell=cell).build()


@pytest.mark.parametrize("input", ["embedding", "one-hot"])
@pytest.mark.parametrize("cell", CELLS)
def test_token_by_token_is_the_whole(cell: str, input: str) -> None:
    model, read = make(cell, NetworkConfig(layers=2, hidden=6, embedding=5, input=input)).eval(), tokens(7, 2)
    whole, final = model(read)
    state, steps = None, []
    for step in read.split(1):
        logits, state = model(step, state)
        steps.append(logits)
    assert_all_close([torch.cat(steps), *state], [whole, *final])


@pytest.mark.parametrize("context", [1, 3])
@pytest.mark.parametrize("cell", CELLS)
def test_a_beam_as_wide_as_everything_finds_the_best(cell: str, context: int) -> None:
    model, prompt = make(cell, context=context).eval(), tokens(4, 1)

    def step(tokens: torch.Tensor, state: tuple) -> tuple:
        logits, after = model(tokens[None], state)
        return logits[0], after

    with torch.no_grad():
        logits, state = model(prompt)
        found = beam_search(step, logits[-1], state, length=2, beams=20)[0]
        pairs = torch.cartesian_prod(torch.arange(20), torch.arange(20)).T
        read = torch.cat([prompt.expand(-1, 400), pairs[:1]])
        log_p = model(read)[0].log_softmax(-1)
        total = log_p[3].gather(1, pairs[:1].T) + log_p[4].gather(1, pairs[1:].T)
    best = int(total.argmax())
    assert found.tokens == pairs[:, best].tolist()
    assert found.log_probability == pytest.approx(float(total[best]), rel=1e-9)


def test_one_hot_columns_start_wide() -> None:
    network = NetworkConfig(hidden=50, input="one-hot")
    layer = RecurrentLanguageModel(40, CellConfig(cell="tdnn"), network, DropoutConfig()).recurrent
    assert float(layer.weight_l0.detach().std()) == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize("cell", CELLS)
def test_a_bidirectional_encoder_starts_from_the_weights_of_one_direction(cell: str) -> None:
    """Layers of the forward network that read forward units alone give what the source gives."""
    network, config = NetworkConfig(layers=2, hidden=6, embedding=5), CellConfig(cell=cell, context=3)
    source = TokenReader(20, config, network, DropoutConfig()).double()
    reader = TokenReader(20, config, network, DropoutConfig(), bidirectional=True).double()
    adopt(reader, source)
    with torch.no_grad():  # units of the reverse network that say nothing
        for kind in ("weight", "bias"):
            reader.recurrent.get_parameter(f"{kind}_l0_reverse").zero_()
    read = tokens(7, 2)
    assert_all_close([reader.read(read)[0][..., :6]], [source.read(read)[0]])


def test_windows_of_another_length_are_not_adopted() -> None:
    network = NetworkConfig(hidden=6, embedding=5)
    source, reader = (
        TokenReader(20, CellConfig(cell="tdnn", context=n), network, DropoutConfig(), bidirectional=both)
        for n, both in ((2, False), (4, True))
    )
    with pytest.raises(
        ConfigError, match=r"weight_l0 is \(6, 20\) in this model and \(6, 10\) in the source model"
    ):
        adopt(reader, source)
