"""The step program of a classifier that reads forwards."""

from typing import Any

from unrolled.models.config import CellConfig, DropoutConfig, StackConfig, TokenNetworkConfig
from unrolled.models.steps.pooling import add_pooling
from unrolled.models.steps.stack import add_linear, add_token_input, stack_spec, vector_size
from unrolled.programs.builder import Builder
from unrolled.programs.layers import Entry, StackSpec, add_stack
from unrolled.programs.program import Program
from unrolled.programs.symbols import Symbol

LOGITS, VECTOR = "logits", "x"
"""Names of the output, and of the input of a classifier of vectors."""
READER = "reader."


def text_classifier_step(
    vocabulary: int,
    classes: int,
    pooling: str,
    cell: CellConfig,
    network: TokenNetworkConfig,
    dropout: DropoutConfig,
    pretrained: int | None = None,
) -> Program:
    """Return the program: token → logits (classes,) of the text so far.

    Args:
        vocabulary: number of tokens.
        classes: number of labels.
        pooling: how the outputs of all steps are reduced to one vector.
        cell: see :class:`unrolled.models.TokenEncoder`, as for the next two.
        network: sizes and connections.
        dropout: dropout rates; zoneout acts in evaluation too.
        pretrained: size of the word vectors for ``network.entry == "vectors"``.
    """
    spec = stack_spec(vector_size(network, vocabulary, pretrained), cell, network, dropout)
    return classifier_step(text_entry(vocabulary, network, pretrained), spec, classes, pooling)


def series_classifier_step(
    features: int, classes: int, pooling: str, cell: CellConfig, network: StackConfig, dropout: DropoutConfig
) -> Program:
    """Return the program: vector (features,) → logits (classes,) of the series so far.

    See :func:`text_classifier_step`.
    """
    spec = stack_spec(features, cell, network, dropout)
    return classifier_step(series_entry(features), spec, classes, pooling)


def text_entry(vocabulary: int, network: TokenNetworkConfig, pretrained: int | None = None) -> Entry:
    """Return what adds the vector of a token; see :func:`text_classifier_step`."""
    return lambda builder: add_token_input(builder, network, vocabulary, pretrained, READER)


def series_entry(features: int) -> Entry:
    """Return what adds a standardised vector; see :class:`unrolled.models.series_encoder.SeriesEncoder`."""

    def add(builder: Builder) -> Symbol:
        mean: Any = builder.parameter(f"{READER}mean", (features,))
        scale: Any = builder.parameter(f"{READER}scale", (features,))
        return (builder.input(VECTOR, features) - mean) / scale

    return add


def classifier_step(entry: Entry, spec: StackSpec, classes: int, pooling: str) -> Program:
    """Return the program of a classifier that reads forwards.

    Args:
        entry: adds the input of the first layer.
        spec: the stack.
        classes: number of labels.
        pooling: how the outputs of all steps are reduced to one vector.
    """
    builder = Builder()
    h = add_stack(builder, entry(builder), spec, f"{READER}recurrent.")
    pooled = add_pooling(builder, h, pooling)
    return builder.finish(**{LOGITS: add_linear(builder, pooled, "output", classes)})
