"""Word vectors that a configuration names, as the table of a model."""

from typing import Any

import torch
from torch import Tensor

from unrolled.data.catalogue.dataset import VECTORS
from unrolled.data.catalogue.lookup import locate
from unrolled.models.config import TokenNetworkConfig
from unrolled.text.vectors import read_vectors


def given_vectors(
    network: TokenNetworkConfig, tokens: list[str], facts: dict[str, Any], *, start: bool
) -> Tensor | None:
    """Return a vector for each token (V, size), or None if the configuration names no file.

    Args:
        network: the configuration.
        tokens: the vocabulary.
        facts: are told how many tokens the file has, and the size.
        start: read the file; else only make room for what was read once.

    Raises:
        DataError: if the file cannot be read, or has none of the tokens.
    """
    if network.input != "vectors":
        return None
    if not start:
        return torch.zeros(len(tokens), facts["vector_size"])
    matrix, found = read_vectors(locate(network.vectors, VECTORS), tokens, network.embedding_std)
    facts |= {"tokens_with_vectors": found, "vector_size": matrix.shape[1]}
    return torch.from_numpy(matrix)
