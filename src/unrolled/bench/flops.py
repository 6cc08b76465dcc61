"""Numbers of operations, by formula. A multiply-add counts as two operations; nothing else is counted."""

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
TRAINING_PASSES = 3
"""Cost of a training step in forward passes: forward, gradient of the input, gradient of the weights."""


def layer_forward(cell: str, tokens: int, input_size: int, hidden: int) -> int:
    """Return the number of operations in one layer's forward pass over T·B tokens, 2·T·B·G·H·(I+H)."""
    return 2 * tokens * GATES[cell] * hidden * (input_size + hidden)


def output_forward(tokens: int, hidden: int, vocabulary: int) -> int:
    """Return the number of operations in the output layer's forward pass over N tokens, 2·N·H·V."""
    return 2 * tokens * hidden * vocabulary


def model_forward(
    cell: str, tokens: int, *, embedding: int, hidden: int, layers: int, vocabulary: int
) -> int:
    """Return the number of operations in a language model's forward pass, without the embedding lookup."""
    first_layer = layer_forward(cell, tokens, embedding, hidden)
    other_layers = (layers - 1) * layer_forward(cell, tokens, hidden, hidden)
    return first_layer + other_layers + output_forward(tokens, hidden, vocabulary)
