"""Arithmetic by formula: a multiplication and an addition are two operations, all else is free."""

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
TRAINING = 3
"""A training step is three forward passes: the gradients of input and weights cost one each."""


def layer_forward(cell: str, tokens: int, input_size: int, hidden: int) -> int:
    """Return the operations of one layer's forward pass, 2·T·B·G·H·(I+H), for T·B tokens."""
    return 2 * tokens * GATES[cell] * hidden * (input_size + hidden)


def output_forward(tokens: int, hidden: int, vocabulary: int) -> int:
    """Return the operations of the output layer, 2·N·H·V."""
    return 2 * tokens * hidden * vocabulary


def model_forward(
    cell: str, tokens: int, *, embedding: int, hidden: int, layers: int, vocabulary: int
) -> int:
    """Return the operations of a language model's forward pass; looking up a vector counts nothing."""
    first = layer_forward(cell, tokens, embedding, hidden)
    above = (layers - 1) * layer_forward(cell, tokens, hidden, hidden)
    return first + above + output_forward(tokens, hidden, vocabulary)
