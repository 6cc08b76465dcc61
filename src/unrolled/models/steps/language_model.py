"""The step program of the language model."""

from typing import Any

from unrolled.models.config import CellConfig, DropoutConfig, NetworkConfig
from unrolled.models.steps.adaptive import add_adaptive_output
from unrolled.models.steps.stack import add_linear, add_token_input, stack_spec
from unrolled.programs.builder import Builder
from unrolled.programs.layers import add_stack
from unrolled.programs.program import Program

LOGITS = "logits"
"""Name of the output."""


def language_model_step(
    vocabulary: int,
    cell: CellConfig,
    network: NetworkConfig,
    dropout: DropoutConfig,
    pretrained: int | None = None,
) -> Program:
    """Return the program: token → logits (V,) of the next token.

    Args:
        vocabulary: V, number of tokens.
        cell: see :class:`unrolled.models.RecurrentLanguageModel`, as for the next two.
        network: sizes and connections.
        dropout: dropout rates; zoneout acts in evaluation too.
        pretrained: size of the word vectors for ``network.entry == "vectors"``.
    """
    builder = Builder()
    x = add_token_input(builder, network, vocabulary, pretrained)
    h = add_stack(builder, x, stack_spec(x.length, cell, network, dropout), "recurrent.")
    if network.adaptive_softmax:
        logits = add_adaptive_output(builder, h, vocabulary, network.adaptive_softmax)
    elif network.tie_weights:
        table: Any = builder.parameter("input.weight", (vocabulary, h.length))
        bias: Any = builder.parameter("output.bias", (vocabulary,))
        logits = h.linear(table, bias)
    else:
        logits = add_linear(builder, h, "output", vocabulary)
    return builder.finish(**{LOGITS: logits})
