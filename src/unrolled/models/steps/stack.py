"""From a configuration to the specification of its stack of layers."""

from typing import Any

from unrolled.models.config import CellConfig, DropoutConfig, StackConfig, TokenNetworkConfig
from unrolled.programs.builder import Builder
from unrolled.programs.layers import RecurrentSpec, StackSpec, WindowSpec
from unrolled.programs.symbols import Symbol

TOKEN = "token"
"""Name of the token input of a program."""


def stack_spec(
    input_size: int,
    cell: CellConfig,
    network: StackConfig,
    dropout: DropoutConfig,
    *,
    bidirectional: bool = False,
) -> StackSpec:
    """Return the stack that :func:`unrolled.models.token_encoder.make_stack` builds from these arguments."""
    if cell.is_windowed:
        return WindowSpec(
            input_size=input_size,
            hidden_size=network.hidden,
            windows=cell.window_sizes(network.layers),
            nonlinearity=cell.nonlinearity,
            residual=network.residual,
            bidirectional=bidirectional,
        )
    return RecurrentSpec(
        cell=cell.build(),
        input_size=input_size,
        hidden_size=network.hidden,
        num_layers=network.layers,
        proj_size=network.projection,
        skip=network.skip,
        residual=network.residual,
        bidirectional=bidirectional,
        masks=dropout.for_recurrent_layers().zoneout_rates,
    )


def vector_size(network: TokenNetworkConfig, vocabulary: int, pretrained: int | None) -> int:
    """Return the size of the input vectors of tokens.

    Args:
        network: configuration of the network.
        vocabulary: number of tokens.
        pretrained: size of the word vectors from a file; None without them.
    """
    if network.entry == "one-hot":
        return vocabulary
    return pretrained or network.embedding


def add_token_input(
    builder: Builder, network: TokenNetworkConfig, vocabulary: int, pretrained: int | None, prefix: str = ""
) -> Symbol:
    """Add the input vector of a token; see :func:`unrolled.models.inputs.make_input`."""
    if network.entry == "one-hot":
        return builder.one_hot(TOKEN, vocabulary)
    shape = (vocabulary, vector_size(network, vocabulary, pretrained))
    return builder.embedding(TOKEN, f"{prefix}input.weight", shape)


def add_linear(builder: Builder, x: Symbol, name: str, outputs: int, *, bias: bool = True) -> Symbol:
    """Add a module ``nn.Linear`` whose parameters are ``name.weight`` and ``name.bias``."""
    weight: Any = builder.parameter(f"{name}.weight", (outputs, x.length))
    offset: Any = builder.parameter(f"{name}.bias", (outputs,)) if bias else None
    return x.linear(weight, offset)
