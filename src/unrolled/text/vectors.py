"""Word vectors made elsewhere (GloVe, Word2Vec), read by gensim."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import DataError


def read_vectors(path: str | Path, tokens: list[str], spread: float = 1.0) -> tuple[NDArray[np.float32], int]:
    """Return a (V, size) matrix for the vocabulary, and how many of its tokens the file has.

    GloVe text (no header), word2vec text and word2vec binary (``.bin``) are read, gzipped or not. A token
    that the file lacks starts as a normal draw with ``spread`` times the standard deviation of the vectors.

    Raises:
        DataError: if the file is missing or unreadable, gensim is not installed, or no token is found.
    """
    path = Path(path)
    found = _load(path)
    known = [(i, token) for i, token in enumerate(tokens) if token in found]
    if not known:
        raise DataError(f"{path}: holds none of the {len(tokens)} tokens of the vocabulary")
    deviation = spread * float(found.vectors.std())
    rng = np.random.default_rng(0)
    matrix = rng.normal(0.0, deviation, (len(tokens), found.vector_size)).astype(np.float32)
    for i, token in known:
        matrix[i] = found[token]
    return matrix, len(known)


def read_all_vectors(path: str | Path) -> tuple[list[str], NDArray[np.float32]]:
    """Return all words of a file, in its order, and their vectors (V, size).

    Raises:
        DataError: see :func:`read_vectors`.
    """
    found = _load(Path(path))
    return list(found.index_to_key), np.asarray(found.vectors)


def write_vectors(words: Sequence[str], vectors: NDArray[np.float32]) -> str:
    """Return vectors in word2vec's text format; reading it gives the same bits."""
    lines = [f"{len(words)} {vectors.shape[1]}"]
    lines += [f"{word} {' '.join(map(str, row))}" for word, row in zip(words, vectors, strict=True)]
    return "\n".join(lines) + "\n"


def _load(path: Path) -> Any:
    try:
        from gensim.models import KeyedVectors
    except ImportError as error:
        raise DataError("word vectors need gensim: pip install 'unrolled[vectors]'") from error
    if not path.is_file():
        raise DataError(f"{path}: no such file of word vectors")
    if not path.stat().st_size:
        raise DataError(f"{path}: is empty")
    binary = path.name.removesuffix(".gz").endswith(".bin")
    try:
        return KeyedVectors.load_word2vec_format(
            str(path), binary=binary, no_header=not binary and not _has_header(path)
        )
    except (ValueError, TypeError, EOFError, OSError) as error:  # whatever gensim trips over
        raise DataError(f"{path}: not word vectors in GloVe or word2vec format ({error})") from error


def _has_header(path: Path) -> bool:
    """Word2vec text begins with two numbers: how many words, and the size of a vector."""
    import gzip

    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        return len(file.readline().split()) == 2
