"""Pretrained word vectors that a configuration names, as the embedding table of a model."""

from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.data.catalogue.dataset import VECTORS
from unrolled.data.catalogue.lookup import locate
from unrolled.models.config import TokenNetworkConfig
from unrolled.text.vectors import read_vectors


@dataclass(frozen=True, eq=False)
class PretrainedVectors:
    """Pretrained vectors for the tokens of a vocabulary."""

    table: Tensor
    """(V, size), one row per token."""
    found: int
    """Number of tokens that the file has a vector for."""

    @property
    def size(self) -> int:
        """Dimension of the vectors."""
        return self.table.shape[1]

    @property
    def data_info(self) -> dict[str, int]:
        """Counts for the report."""
        return {"tokens_with_vectors": self.found, "vector_size": self.size}


def read_pretrained_vectors(network: TokenNetworkConfig, tokens: list[str]) -> PretrainedVectors | None:
    """Read pretrained vectors for a vocabulary; return None if the model does not use any.

    Raises:
        DataError: if the file cannot be read, or has none of the tokens.
    """
    if network.entry != "vectors":
        return None
    matrix, found = read_vectors(locate(network.vectors, VECTORS), tokens, network.embedding_std)
    return PretrainedVectors(torch.from_numpy(matrix), found)


def initial_vectors(
    network: TokenNetworkConfig, given: PretrainedVectors | None, rows: int, size: int | None, *, start: bool
) -> Tensor | None:
    """Return the initial vectors (rows, size) of a model; None if it has no pretrained vectors.

    With ``start`` they are the pretrained ones; otherwise zeros, to be replaced by the saved weights.
    """
    if network.entry != "vectors":
        return None
    if start:
        assert given is not None
        return given.table
    assert size is not None
    return torch.zeros(rows, size)
