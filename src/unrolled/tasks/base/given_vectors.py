"""Word vectors that a configuration names, as the table of a model."""

from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.data.catalogue.dataset import VECTORS
from unrolled.data.catalogue.lookup import locate
from unrolled.models.config import TokenNetworkConfig
from unrolled.text.vectors import read_vectors


@dataclass(frozen=True, eq=False)
class GivenVectors:
    """A vector for each token of a vocabulary."""

    table: Tensor
    """(V, size)"""
    found: int
    """Tokens that the file has."""

    @property
    def size(self) -> int:
        """Numbers of a vector."""
        return self.table.shape[1]

    @property
    def facts(self) -> dict[str, int]:
        """What a report says about them."""
        return {"tokens_with_vectors": self.found, "vector_size": self.size}


def read_given(network: TokenNetworkConfig, tokens: list[str]) -> GivenVectors | None:
    """Read the vectors of a vocabulary, or return None if the configuration names no file.

    Raises:
        DataError: if the file cannot be read, or has none of the tokens.
    """
    if network.entry != "vectors":
        return None
    matrix, found = read_vectors(locate(network.vectors, VECTORS), tokens, network.embedding_std)
    return GivenVectors(torch.from_numpy(matrix), found)


def vectors_of(
    network: TokenNetworkConfig, given: GivenVectors | None, rows: int, size: int | None, *, start: bool
) -> Tensor | None:
    """Return the vectors (rows, size) of a model that is being built; None if it learns its own.

    At the start of a training they are those given; otherwise there is only room for those of its weights.
    """
    if network.entry != "vectors":
        return None
    if start:
        assert given is not None
        return given.table
    assert size is not None
    return torch.zeros(rows, size)
