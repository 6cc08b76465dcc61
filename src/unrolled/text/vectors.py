"""Word vectors made elsewhere (GloVe, Word2Vec)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import DataError
from unrolled.text.vector_files import load_vectors


def read_vectors(path: str | Path, tokens: list[str], spread: float = 1.0) -> tuple[NDArray[np.float32], int]:
    """Return a (V, size) matrix for the vocabulary, and how many of its tokens the file has.

    GloVe text (no header), word2vec text and word2vec binary (``.bin``) are read, gzipped or not. A token
    that the file lacks starts as a normal draw with ``spread`` times the standard deviation of the vectors.

    Raises:
        DataError: if the file is missing or unreadable, or no token is found.
    """
    path = Path(path)
    words, vectors = load_vectors(path)
    places = {word: place for place, word in enumerate(words)}
    known = [(i, places[token]) for i, token in enumerate(tokens) if token in places]
    if not known:
        raise DataError(f"{path}: holds none of the {len(tokens)} tokens of the vocabulary")
    deviation = spread * float(vectors.std())
    rng = np.random.default_rng(0)
    matrix = rng.normal(0.0, deviation, (len(tokens), vectors.shape[1])).astype(np.float32)
    for i, place in known:
        matrix[i] = vectors[place]
    return matrix, len(known)


def read_all_vectors(path: str | Path) -> tuple[list[str], NDArray[np.float32]]:
    """Return all words of a file, in its order, and their vectors (V, size).

    Raises:
        DataError: see :func:`read_vectors`.
    """
    return load_vectors(Path(path))


def write_vectors(words: Sequence[str], vectors: NDArray[np.float32]) -> str:
    """Return vectors in word2vec's text format; reading it gives the same bits."""
    lines = [f"{len(words)} {vectors.shape[1]}"]
    lines += [f"{word} {' '.join(map(str, row))}" for word, row in zip(words, vectors, strict=True)]
    return "\n".join(lines) + "\n"
