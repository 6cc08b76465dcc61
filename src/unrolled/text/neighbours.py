"""Find the words whose vectors are nearest to that of a word, and plot word vectors in two dimensions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import DataError, suggestion
from unrolled.extras import extra
from unrolled.labels import label_text
from unrolled.storage.folder import make_folder
from unrolled.storage.output import write_output
from unrolled.storage.picture import png_bytes

Matrix = NDArray[np.float32]


def nearest_words(words: Sequence[str], vectors: Matrix, word: str, top: int = 10) -> list[tuple[str, float]]:
    """Return the words with the largest cosine similarity to ``word``, with these similarities.

    Args:
        words: V words.
        vectors: their vectors, (V, size).
        word: one of ``words``.
        top: number of words to return.

    Raises:
        DataError: if ``word`` is not in ``words``.
    """
    row_of = {name: i for i, name in enumerate(words)}
    if word not in row_of:
        raise DataError(f"{word!r} has no vector{suggestion(word, row_of)}")
    norms = np.linalg.norm(vectors, axis=1)
    cosines = vectors @ vectors[row_of[word]] / np.maximum(norms * norms[row_of[word]], 1e-12)
    order = [i for i in np.argsort(-cosines) if i != row_of[word]][:top]
    return [(words[i], float(cosines[i])) for i in order]


def project_to_plane(vectors: Matrix, method: Literal["pca", "tsne"], seed: int = 0) -> NDArray[np.float64]:
    """Project vectors (V, size) to two dimensions (V, 2), by principal components or t-SNE."""
    with extra("vectors", "a picture of words"):
        from sklearn.decomposition import PCA
        from sklearn.manifold import TSNE

    if method == "pca":
        return np.asarray(PCA(2, random_state=seed).fit_transform(vectors), dtype=np.float64)
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    tsne = TSNE(2, perplexity=perplexity, metric="cosine", init="random", random_state=seed)
    return np.asarray(tsne.fit_transform(vectors), dtype=np.float64)


def plot_words(words: Sequence[str], points: NDArray[np.float64], path: Path, title: str) -> Path:
    """Plot each word at its coordinates and save the figure as PNG; return its path."""
    with extra("vectors", "a picture of words"):
        from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 9), layout="constrained")
    axes = figure.subplots()
    axes.plot(points[:, 0], points[:, 1], ".", color="tab:orange", markersize=3)
    for word, (x, y) in zip(words, points, strict=True):
        axes.annotate(label_text(word), (x, y), xytext=(2, 2), textcoords="offset points", fontsize=8)
    axes.set_title(label_text(title))
    axes.set_xticks([])
    axes.set_yticks([])
    make_folder(path.parent)
    write_output(path, png_bytes(figure))
    return path
