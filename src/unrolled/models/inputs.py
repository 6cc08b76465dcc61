"""Input layers for tokens: learned embeddings, pretrained word vectors, or one-hot vectors."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.config import require
from unrolled.models.config import TokenNetworkConfig


class OneHot(nn.Module):
    """One-hot vectors of tokens; the first weight matrix then acts as the embedding table."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.vocabulary = vocabulary

    @property
    def num_tokens(self) -> int:
        """Number of tokens of the vocabulary."""
        return self.vocabulary

    @property
    def table(self) -> Tensor:
        """Vectors of all tokens, (vocabulary, vocabulary)."""
        return torch.eye(self.vocabulary)

    def forward(self, tokens: Tensor, row_sparse: bool = False) -> Tensor:
        """Return the vectors (…, vocabulary) of tokens (…); ``row_sparse`` has no effect without a table."""
        return F.one_hot(tokens, self.vocabulary).to(torch.get_default_dtype())


class Embedding(nn.Embedding):
    """torch's embedding, with the option of a sparse gradient at each call."""

    @property
    def num_tokens(self) -> int:
        """Number of tokens of the vocabulary."""
        return self.num_embeddings

    @property
    def table(self) -> Tensor:
        """Vectors of all tokens, (V, size)."""
        return self.weight

    def forward(self, input: Tensor, row_sparse: bool = False) -> Tensor:
        """Return the vectors (…, size) of tokens (…).

        With ``row_sparse``, the gradient of the table is a sparse tensor with one entry for each row read.
        Rows read several times occur several times; coalescing adds them up. Other rows cost nothing.
        """
        return F.embedding(input, self.weight, sparse=row_sparse)


@dataclass(frozen=True)
class InputTable:
    """Table of the vectors of all tokens; implements :class:`unrolled.backends.Table`."""

    input: OneHot | Embedding
    size: int
    """Size of a vector."""
    dtype: torch.dtype
    """Dtype of the layers that read the vectors."""
    device: torch.device
    row_sparse: bool = False
    """See :meth:`Embedding.forward`."""

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the table, (V, size)."""
        return self.input.num_tokens, self.size

    def all_rows(self) -> Tensor:
        """Return all vectors, (V, size)."""
        return self.input.table.to(self.dtype)

    def rows(self, tokens: Tensor) -> Tensor:
        """Return the vectors (…, size) of tokens (…)."""
        x: Tensor = self.input(tokens, self.row_sparse)
        return x.to(self.dtype)


def make_input(
    vocabulary: int, network: TokenNetworkConfig, vectors: Tensor | None
) -> tuple[OneHot | Embedding, int]:
    """Return the input layer for tokens, and the size of its vectors.

    Raises:
        ConfigError: if the configuration needs vectors (vocabulary, size) and they are missing or do not fit.
    """
    if network.entry == "one-hot":
        return OneHot(vocabulary), vocabulary
    if network.entry == "vectors":
        shape = None if vectors is None else tuple(vectors.shape)
        require(
            shape is not None and shape[0] == vocabulary,
            f"input='vectors': one vector per token is needed ({vocabulary}), got {shape}",
        )
        assert vectors is not None
        table = Embedding.from_pretrained(vectors, freeze=network.freeze_vectors)
        return table, vectors.shape[1]
    learned = Embedding(vocabulary, network.embedding)
    with torch.no_grad():
        learned.weight.mul_(network.embedding_std)
    return learned, network.embedding
