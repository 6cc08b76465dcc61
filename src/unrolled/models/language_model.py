"""The recurrent language model: the next token, from all the tokens before it."""

from typing import Any

import torch
from torch import Tensor, nn

from unrolled.config import require
from unrolled.layers import GRU, LSTM, RNN, Dropout, LockedDropout, Recurrent, SoftmaxOutput
from unrolled.models.adaptive import AdaptiveOutput
from unrolled.models.config import CellConfig, DropoutConfig, NetworkConfig
from unrolled.models.inputs import Embedding, OneHot, make_input
from unrolled.recurrence import Precision, check_precision

State = tuple[Tensor, ...]


class RecurrentLanguageModel(nn.Module):
    """Input vectors, recurrent layers, softmax over the vocabulary.

    Args:
        vocabulary: number of tokens.
        cell: the mathematics of one step.
        network: size and connections.
        dropout: rates.
        vectors: given word vectors (V, size) for ``network.input == "vectors"``.
    """

    def __init__(
        self,
        vocabulary: int,
        cell: CellConfig,
        network: NetworkConfig,
        dropout: DropoutConfig,
        vectors: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.input: OneHot | Embedding
        self.input, size = make_input(vocabulary, network, vectors)
        self.input_dropout: Dropout | LockedDropout = _make_dropout(dropout.dropout_input, dropout.locked)
        self.recurrent = _make_recurrent(size, cell, network, dropout)
        self.output_dropout = _make_dropout(dropout.dropout_output, dropout.locked)
        features = self.recurrent.output_size
        require(
            not network.tie_weights or size == features,
            f"tie_weights: the input vectors have {size} features and the network's output has "
            f"{features}; make them equal (--embedding {features})",
        )
        self.output: SoftmaxOutput | AdaptiveOutput = (
            AdaptiveOutput(features, vocabulary, network.adaptive_softmax)
            if network.adaptive_softmax
            else SoftmaxOutput(features, vocabulary, tied=network.tie_weights)
        )
        self._initialise(network, vectors is not None)

    @property
    def precision(self) -> Precision:
        """Of the products in the recurrent layers and in :meth:`loss`; see :class:`Recurrent`."""
        return self.recurrent.precision

    @precision.setter
    def precision(self, value: Precision) -> None:
        check_precision(value)
        self.recurrent.precision = value

    def _initialise(self, network: NetworkConfig, given_vectors: bool) -> None:
        """One-hot columns start as wide as a learned vector's product does; a tied table starts small."""
        with torch.no_grad():
            if network.input == "one-hot":
                for name, p in self.recurrent.named_parameters():
                    if name.startswith("weight_ih_l0"):
                        p.normal_(0.0, 0.3)
            if isinstance(self.input, Embedding) and network.tie_weights and not given_vectors:
                self.input.weight.uniform_(-0.1, 0.1)
            if network.init_range:
                for name, p in self.named_parameters():
                    if "_ln_" not in name and not (given_vectors and name == "input.weight"):
                        p.uniform_(-network.init_range, network.init_range)

    def forward(
        self,
        tokens: Tensor,
        state: State | None = None,
        *,
        lengths: Tensor | None = None,
        fresh: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """Return the logits of the next token at every step.

        Args:
            tokens: (T, B).
            state: what the last call returned; None starts from zeros.
            lengths: number of steps of each row.
            fresh: (T, B), true where a row's state is reset before the step.

        Returns:
            Logits (T, B, V) and the state after the last step of each row.
        """
        h, final = self._read(tokens, state, lengths, fresh, row_sparse=False)
        return self.output(h, self._table), final

    def loss(
        self,
        tokens: Tensor,
        targets: Tensor,
        state: State | None = None,
        *,
        lengths: Tensor | None = None,
        fresh: Tensor | None = None,
        row_weights: Tensor | None = None,
        ignore: int = -100,
        label_smoothing: float = 0.0,
        row_sparse: bool = False,
    ) -> tuple[Tensor, Tensor, State]:
        """Return the weighted sum of the losses without ever holding the logits of all steps.

        Args:
            tokens: (T, B).
            targets: (T, B), the token that follows each.
            state: what the last call returned; None starts from zeros.
            lengths: number of steps of each row.
            fresh: (T, B), true where a row's state is reset before the step.
            row_weights: weight of each target in the sum, expanded to (T, B); None is 1.
            ignore: the target that does not count, as in padding.
            label_smoothing: ε of the loss (Szegedy et al. 2016); the nats are without it.
            row_sparse: leave the gradient of an embedding table as the rows that were read (a sparse
                tensor); a tied table, all of whose rows have a gradient, keeps the usual form.

        Returns:
            The loss in nats, a number; −ln p of each target (T, B), zero where ignored and not
            differentiable; and the state after the last step of each row.

        Raises:
            ShapeError: if a size does not fit, or a target is not in the vocabulary.
        """
        h, final = self._read(tokens, state, lengths, fresh, row_sparse=row_sparse)
        loss, nats = self.output.loss(
            h,
            targets,
            self._table,
            row_weights=row_weights,
            ignore=ignore,
            label_smoothing=label_smoothing,
            precision=self.precision,
        )
        return loss, nats, final

    def _read(
        self,
        tokens: Tensor,
        state: State | None,
        lengths: Tensor | None,
        fresh: Tensor | None,
        *,
        row_sparse: bool,
    ) -> tuple[Tensor, State]:
        """Return what the output layer reads at every step, and the final state."""
        dtype = self.recurrent.get_parameter("weight_ih_l0").dtype
        dropped = self.training and self.input_dropout.rate > 0
        if not dropped and self.recurrent.looks_up(self.input.kinds, tokens):
            table = self.input.table.to(dtype)
            h, final = self.recurrent.look_up(tokens, table, state, lengths=lengths, fresh=fresh)
        else:
            x = self.input(tokens, row_sparse and not self.output.tied).to(dtype)
            h, final = self.recurrent(self.input_dropout(x), state, lengths=lengths, fresh=fresh)
        return self.output_dropout(h), final if isinstance(final, tuple) else (final,)

    @property
    def _table(self) -> Tensor | None:
        """The embedding table where it is the output matrix too."""
        return self.input.weight if self.output.tied and isinstance(self.input, Embedding) else None


def _make_dropout(rate: float, locked: bool) -> Dropout | LockedDropout:
    return LockedDropout(rate) if locked else Dropout(rate)


def _make_recurrent(
    input_size: int, cell: CellConfig, network: NetworkConfig, dropout: DropoutConfig
) -> Recurrent:
    require(
        not network.projection or cell.cell == "lstm",
        f"projection is an option of lstm, not of cell={cell.cell!r}",
    )
    require(
        network.layers > 1 or not dropout.dropout,
        f"dropout={dropout.dropout} acts between layers and there is one; "
        "use dropout_input and dropout_output",
    )
    options: dict[str, Any] = {
        "num_layers": network.layers,
        "dropout": 0.0 if dropout.locked else dropout.dropout,
        "cell": cell.build(),
        "drop": dropout.recurrent(),
        "skip": network.skip,
        "residual": network.residual,
    }
    match cell.cell:
        case "lstm":
            return LSTM(input_size, network.hidden, proj_size=network.projection, **options)
        case "gru":
            return GRU(input_size, network.hidden, **options)
        case "elman" | "jordan":
            return RNN(input_size, network.hidden, **options)
