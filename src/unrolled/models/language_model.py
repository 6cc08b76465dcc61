"""The recurrent language model: the next token, from all the tokens before it."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.config import require
from unrolled.layers import GRU, LSTM, RNN, LockedDropout, Recurrent, SoftmaxOutput
from unrolled.models.config import CellConfig, DropoutConfig, NetworkConfig

State = tuple[Tensor, ...]


class OneHot(nn.Module):
    """Token numbers to one-hot vectors: the first weight matrix is then the table of inputs."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.vocabulary = vocabulary

    def forward(self, tokens: Tensor) -> Tensor:
        """Return (…, vocabulary) of tokens (…)."""
        return F.one_hot(tokens, self.vocabulary).to(torch.get_default_dtype())


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
        self.input, size = _make_input(vocabulary, network, vectors)
        self.input_dropout = _make_dropout(dropout.dropout_input, dropout.locked)
        self.recurrent = _make_recurrent(size, cell, network, dropout)
        self.output_dropout = _make_dropout(dropout.dropout_output, dropout.locked)
        features = self.recurrent.output_size
        require(
            not network.tie_weights or size == features,
            f"tie_weights: the input vectors have {size} features and the network's output has "
            f"{features}; make them equal (--embedding {features})",
        )
        self.output = SoftmaxOutput(features, vocabulary, tied=network.tie_weights)
        self._initialise(network, vectors is not None)

    def _initialise(self, network: NetworkConfig, given_vectors: bool) -> None:
        """One-hot columns start as wide as a learned vector's product does; a tied table starts small."""
        with torch.no_grad():
            if network.input == "one-hot":
                for name, p in self.recurrent.named_parameters():
                    if name.startswith("weight_ih_l0"):
                        p.normal_(0.0, 0.3)
            if isinstance(self.input, nn.Embedding) and network.tie_weights and not given_vectors:
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
        x = self.input_dropout(self.input(tokens).to(self.output.bias.dtype))
        h, final = self.recurrent(x, state, lengths=lengths, fresh=fresh)
        table = self.input.weight if isinstance(self.input, nn.Embedding) else None
        logits = self.output(self.output_dropout(h), table if self.output.tied else None)
        return logits, final if isinstance(final, tuple) else (final,)


def _make_input(vocabulary: int, network: NetworkConfig, vectors: Tensor | None) -> tuple[nn.Module, int]:
    if network.input == "one-hot":
        return OneHot(vocabulary), vocabulary
    if network.input == "vectors":
        shape = None if vectors is None else tuple(vectors.shape)
        require(
            shape is not None and shape[0] == vocabulary,
            f"input='vectors': one vector a token is needed ({vocabulary}), got {shape}",
        )
        assert vectors is not None
        table = nn.Embedding.from_pretrained(vectors, freeze=network.freeze_vectors)
        return table, vectors.shape[1]
    return nn.Embedding(vocabulary, network.embedding), network.embedding


def _make_dropout(rate: float, locked: bool) -> nn.Module:
    return LockedDropout(rate) if locked else nn.Dropout(rate)


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
