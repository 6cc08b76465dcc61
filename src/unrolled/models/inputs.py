"""How a token enters a network: as a learned or given vector, or one-hot."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.config import require
from unrolled.models.config import TokenNetworkConfig


class OneHot(nn.Module):
    """Token numbers to one-hot vectors: the first weight matrix is then the table of inputs."""

    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.vocabulary = vocabulary

    @property
    def kinds(self) -> int:
        """Number of tokens there are."""
        return self.vocabulary

    @property
    def table(self) -> Tensor:
        """The vector of each token, (vocabulary, vocabulary)."""
        return torch.eye(self.vocabulary)

    def forward(self, tokens: Tensor, row_sparse: bool = False) -> Tensor:
        """Return (…, vocabulary) of tokens (…); there is no table whose gradient could be sparse."""
        return F.one_hot(tokens, self.vocabulary).to(torch.get_default_dtype())


class Embedding(nn.Embedding):
    """torch's, with the form of the table's gradient chosen at each call."""

    @property
    def kinds(self) -> int:
        """Number of tokens there are."""
        return self.num_embeddings

    @property
    def table(self) -> Tensor:
        """The vector of each token, (V, size)."""
        return self.weight

    def forward(self, input: Tensor, row_sparse: bool = False) -> Tensor:
        """Return (…, size) of tokens (…).

        With ``row_sparse`` the gradient of the table is a sparse tensor of the rows that were read, once
        for each time (coalescing it adds them up), and no pass is made over the others.
        """
        return F.embedding(input, self.weight, sparse=row_sparse)


@dataclass(frozen=True)
class InputTable:
    """The vectors of all tokens: a :class:`unrolled.backends.Table`."""

    input: OneHot | Embedding
    size: int
    """Of a vector."""
    dtype: torch.dtype
    """Of the layers that read them."""
    device: torch.device
    row_sparse: bool = False
    """See :meth:`Embedding.forward`."""

    @property
    def shape(self) -> tuple[int, int]:
        """(V, size)"""
        return self.input.kinds, self.size

    def whole(self) -> Tensor:
        """Return all vectors, (V, size)."""
        return self.input.table.to(self.dtype)

    def rows(self, tokens: Tensor) -> Tensor:
        """Return the vectors of tokens (…), (…, size)."""
        x: Tensor = self.input(tokens, self.row_sparse)
        return x.to(self.dtype)


def make_input(
    vocabulary: int, network: TokenNetworkConfig, vectors: Tensor | None
) -> tuple[OneHot | Embedding, int]:
    """Return what reads tokens, and the size of its vectors.

    Raises:
        ConfigError: if vectors (vocabulary, size) are asked for and not given.
    """
    if network.entry == "one-hot":
        return OneHot(vocabulary), vocabulary
    if network.entry == "vectors":
        shape = None if vectors is None else tuple(vectors.shape)
        require(
            shape is not None and shape[0] == vocabulary,
            f"input='vectors': one vector a token is needed ({vocabulary}), got {shape}",
        )
        assert vectors is not None
        table = Embedding.from_pretrained(vectors, freeze=network.freeze_vectors)
        return table, vectors.shape[1]
    learned = Embedding(vocabulary, network.embedding)
    with torch.no_grad():
        learned.weight.mul_(network.embedding_std)
    return learned, network.embedding
