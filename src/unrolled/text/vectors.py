"""Pretrained word vectors (GloVe, word2vec) for a vocabulary."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import DataError
from unrolled.text.vector_files import load_vectors


def read_vectors(path: str | Path, tokens: list[str], spread: float = 1.0) -> tuple[NDArray[np.float32], int]:
    """Return an embedding matrix (V, size) for ``tokens``, and the number of them in the file.

    The file may be GloVe text (no header), word2vec text or word2vec binary (``.bin``), gzipped or not.
    Tokens missing from the file get random normal vectors, with ``spread`` times the standard deviation of
    the vectors in the file.

    Raises:
        DataError: if the file is missing or unreadable, or has none of the tokens.
    """
    path = Path(path)
    words, vectors = load_vectors(path)
    row_of = {word: row for row, word in enumerate(words)}
    matches = [(i, row_of[token]) for i, token in enumerate(tokens) if token in row_of]
    if not matches:
        raise DataError(f"{path}: has none of the {len(tokens)} tokens of the vocabulary")
    deviation = spread * float(vectors.std())
    rng = np.random.default_rng(0)
    matrix = rng.normal(0.0, deviation, (len(tokens), vectors.shape[1])).astype(np.float32)
    for i, row in matches:
        matrix[i] = vectors[row]
    return matrix, len(matches)


def read_all_vectors(path: str | Path) -> tuple[list[str], NDArray[np.float32]]:
    """Return all words of a file, in file order, and their vectors (V, size).

    Raises:
        DataError: see :func:`read_vectors`.
    """
    return load_vectors(Path(path))


def write_vectors(words: Sequence[str], vectors: NDArray[np.float32]) -> str:
    """Return vectors in word2vec text format; reading the text returns exactly the same values."""
    lines = [f"{len(words)} {vectors.shape[1]}"]
    lines += [f"{word} {' '.join(map(str, row))}" for word, row in zip(words, vectors, strict=True)]
    return "\n".join(lines) + "\n"
