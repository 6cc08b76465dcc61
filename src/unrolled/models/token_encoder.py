"""Encoder of tokens, and functions that make the recurrent layers and dropout of all models."""

from typing import Any

import torch
from torch import Tensor

from unrolled.cells import State as State  # other packages import it from here
from unrolled.config import require
from unrolled.layers import GRU, LSTM, RNN, Dropout, LockedDropout, Recurrent, Stack, Window
from unrolled.models.body import RecurrentBody
from unrolled.models.config import (
    LOOP_OPTIONS,
    CellConfig,
    DropoutConfig,
    StackConfig,
    TokenNetworkConfig,
    cells_by_network_option,
)
from unrolled.models.inputs import Embedding, InputTable, OneHot, make_input


class TokenEncoder(RecurrentBody):
    """Encoder of tokens: input vectors and recurrent layers, with dropout before and after.

    Args:
        vocabulary_size: number of tokens.
        cell: configuration of the cell.
        network: sizes and connections.
        dropout: dropout rates.
        vectors: word vectors (V, size) for ``network.entry == "vectors"``.
        bidirectional: run a second network backwards over each row.
    """

    def __init__(
        self,
        vocabulary_size: int,
        cell: CellConfig,
        network: TokenNetworkConfig,
        dropout: DropoutConfig,
        vectors: Tensor | None = None,
        *,
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        self.input: OneHot | Embedding
        self.input, size = make_input(vocabulary_size, network, vectors)
        self.input_dropout = make_dropout(dropout.dropout_input, dropout)
        self.recurrent = make_stack(size, cell, network, dropout, bidirectional=bidirectional)
        self.output_dropout = make_dropout(dropout.dropout_output, dropout)
        if network.entry == "one-hot":
            self._initialise_one_hot()

    def _initialise_one_hot(self) -> None:
        """Initialise the input weights; W x gets about the standard deviation that it has with embeddings."""
        with torch.no_grad():
            for name, p in self.recurrent.named_parameters():
                if name.startswith(("weight_ih_l0", "weight_l0")):
                    p.normal_(0.0, 0.3)

    @property
    def input_summary(self) -> str:
        """Description of the input layer for the summary of a model."""
        kind, size = type(self.input).__name__, self.recurrent.input_size
        return f"input    x_t = {kind}(token_t)   {self.input.num_tokens} → {size}"

    def read(
        self,
        tokens: Tensor,
        state: State | None = None,
        *,
        lengths: Tensor | None = None,
        reset_mask: Tensor | None = None,
        row_sparse: bool = False,
    ) -> tuple[Tensor, State]:
        """Return the features of every step, after dropout, and the final state.

        Args:
            tokens: (T, B).
            state: state returned by the last call; None means zeros.
            lengths: number of steps of each row.
            reset_mask: mask (T, B), true where the state of a row is reset before the step.
            row_sparse: use a sparse gradient for the embedding table; see :meth:`Embedding.forward`.

        Returns:
            h (T, B, :attr:`features`), zero past the length of a row, and the state after the last step.
        """
        stack = self.recurrent
        table = InputTable(self.input, stack.input_size, stack.dtype, tokens.device, row_sparse)
        has_input_dropout = self.training and self.input_dropout.rate > 0
        if isinstance(stack, Recurrent) and not has_input_dropout:
            h, final = stack.look_up(tokens, table, state, lengths=lengths, reset_mask=reset_mask)
        else:
            h, final = stack(
                self.input_dropout(table.rows(tokens)), state, lengths=lengths, reset_mask=reset_mask
            )
        return self.output_dropout(h), final if isinstance(final, tuple) else (final,)


LAYERS_BY_CELL: dict[str, type[Recurrent]] = {"lstm": LSTM, "gru": GRU, "elman": RNN, "jordan": RNN}
"""Layer classes with torch's names, by cell; for any other cell, Recurrent is used."""


def make_dropout(rate: float, dropout: DropoutConfig) -> Dropout | LockedDropout:
    """Return the dropout module that the configuration selects."""
    return LockedDropout(rate) if dropout.locked else Dropout(rate)


def make_stack(
    input_size: int,
    cell: CellConfig,
    network: StackConfig,
    dropout: DropoutConfig,
    *,
    bidirectional: bool = False,
) -> Stack:
    """Return the recurrent layers or the window network that the configuration describes.

    Raises:
        ConfigError: if parts of the configuration contradict each other.
    """
    require(
        not network.projection or cell.name in cells_by_network_option()["projection"],
        f"projection is an option of lstm, not of cell={cell.name!r}",
    )
    require(
        network.layers > 1 or not dropout.dropout,
        f"dropout={dropout.dropout} acts between layers, but there is only one layer; use dropout_input and "
        "dropout_output",
    )
    if cell.is_windowed:
        return _make_windows(input_size, cell, network, dropout, bidirectional=bidirectional)
    options: dict[str, Any] = {
        "cell": cell.build(),
        "num_layers": network.layers,
        "bidirectional": bidirectional,
        "dropout": 0.0 if dropout.locked else dropout.dropout,
        "drop": dropout.for_recurrent_layers(),
        "skip": network.skip,
        "residual": network.residual,
    }
    layer = LAYERS_BY_CELL.get(cell.name, Recurrent)
    return layer(input_size, network.hidden, proj_size=network.projection, **options)


def _make_windows(
    input_size: int, cell: CellConfig, network: StackConfig, dropout: DropoutConfig, *, bidirectional: bool
) -> Window:
    for name in LOOP_OPTIONS:
        value = getattr(network if name == "skip" else dropout, name)
        require(
            not value,
            f"{name}={value} acts in the recurrent loop, which cell={cell.name!r} does not have",
        )
    return Window(
        input_size,
        network.hidden,
        cell.window_sizes(network.layers),
        cell.nonlinearity,
        dropout=0.0 if dropout.locked else dropout.dropout,
        locked=dropout.for_recurrent_layers().locked,
        residual=network.residual,
        bidirectional=bidirectional,
    )
