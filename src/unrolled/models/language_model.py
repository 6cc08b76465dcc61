"""The recurrent language model, which predicts the next token from all previous tokens."""

import torch
from torch import Tensor

from unrolled.cells import State
from unrolled.config import require
from unrolled.layers import SoftmaxOutput, Stack
from unrolled.models.adaptive import AdaptiveOutput
from unrolled.models.config import CellConfig, DropoutConfig, NetworkConfig
from unrolled.models.inputs import Embedding
from unrolled.models.token_encoder import TokenEncoder


class RecurrentLanguageModel(TokenEncoder):
    """Language model: input vectors, recurrent layers, softmax over the vocabulary.

    Args:
        vocabulary: number of tokens.
        cell: configuration of the cell.
        network: sizes and connections.
        dropout: dropout rates.
        vectors: word vectors (V, size) for ``network.entry == "vectors"``.
    """

    def __init__(
        self,
        vocabulary: int,
        cell: CellConfig,
        network: NetworkConfig,
        dropout: DropoutConfig,
        vectors: Tensor | None = None,
    ) -> None:
        super().__init__(vocabulary, cell, network, dropout, vectors)
        size, features = self.recurrent.input_size, self.features
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

    def _initialise(self, network: NetworkConfig, has_vectors: bool) -> None:
        """Initialise a tied table with small values, or all weights within ``init_range`` if it is set."""
        with torch.no_grad():
            if isinstance(self.input, Embedding) and network.tie_weights and not has_vectors:
                self.input.weight.uniform_(-0.1, 0.1)
            if network.init_range:
                for name, p in self.named_parameters():
                    if "_ln_" not in name and not (has_vectors and name == "input.weight"):
                        p.uniform_(-network.init_range, network.init_range)

    def forward(
        self,
        tokens: Tensor,
        state: State | None = None,
        *,
        lengths: Tensor | None = None,
        reset_mask: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """Return the logits of the next token at every step.

        Args:
            tokens: (T, B).
            state: state returned by the last call; None means zeros.
            lengths: number of steps of each row.
            reset_mask: mask (T, B), true where the state of a row is reset before the step.

        Returns:
            Logits (T, B, V) and the state after the last step of each row.
        """
        h, final = self.read(tokens, state, lengths=lengths, reset_mask=reset_mask)
        return self.output(h, self._table), final

    def next(self, tokens: Tensor) -> Tensor:
        """Return the logits (B, V) of the token after tokens (T, B), read from a state of zeros."""
        h, _ = self.read(tokens)
        logits: Tensor = self.output(h[-1:], self._table)
        return logits[0]

    def loss(
        self,
        tokens: Tensor,
        targets: Tensor,
        state: State | None = None,
        *,
        lengths: Tensor | None = None,
        reset_mask: Tensor | None = None,
        row_weights: Tensor | None = None,
        ignore: int = -100,
        label_smoothing: float = 0.0,
        row_sparse: bool = False,
    ) -> tuple[Tensor, Tensor, State]:
        """Return the weighted sum of the losses without storing the logits of all steps.

        Args:
            tokens: (T, B).
            targets: next token of each token, (T, B).
            state: state returned by the last call; None means zeros.
            lengths: number of steps of each row.
            reset_mask: mask (T, B), true where the state of a row is reset before the step.
            row_weights: weight of each target in the sum, expanded to (T, B); None means 1.
            ignore: target value to leave out of the loss, such as padding.
            label_smoothing: ε of the loss (Szegedy et al. 2016); the nats are not smoothed.
            row_sparse: use a sparse gradient for the embedding table, with only the rows that were read. A
                tied table keeps a dense gradient, because all its rows have one.

        Returns:
            The loss in nats, a scalar; −ln p of each target (T, B), zero where ignored and not
            differentiable; and the state after the last step of each row.

        Raises:
            ShapeError: if a size does not fit, or a target is not in the vocabulary.
        """
        sparse = row_sparse and not self.output.tied
        h, final = self.read(tokens, state, lengths=lengths, reset_mask=reset_mask, row_sparse=sparse)
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

    def parts(self) -> list[str | Stack]:
        """Return the parts of the model for :func:`unrolled.models.summary.summarise`."""
        vocabulary = self.output.vocabulary
        formula = "softmax(V h_t + c)"
        if isinstance(self.output, AdaptiveOutput):
            formula = f"adaptive softmax of h_t, groups from 0, {', '.join(map(str, self.output.cutoffs))}"
        return [
            f"output   y_t = {formula}   {self.features} → {vocabulary}",
            self.recurrent,
            self.input_summary,
        ]

    @property
    def _table(self) -> Tensor | None:
        """The embedding table if it is also the output matrix, else None."""
        return self.input.weight if self.output.tied and isinstance(self.input, Embedding) else None
