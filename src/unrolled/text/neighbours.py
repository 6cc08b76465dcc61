"""Which words have like vectors, and where they lie in the plane."""

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


def nearest(words: Sequence[str], vectors: Matrix, word: str, top: int = 10) -> list[tuple[str, float]]:
    """Return the words whose vectors have the largest cosine with a word's, and these cosines.

    Args:
        words: V of them.
        vectors: (V, size).
        word: one of them.
        top: how many to return.

    Raises:
        DataError: if the word is not among them.
    """
    places = {name: i for i, name in enumerate(words)}
    if word not in places:
        raise DataError(f"{word!r} has no vector{suggestion(word, places)}")
    lengths = np.linalg.norm(vectors, axis=1)
    cosines = vectors @ vectors[places[word]] / np.maximum(lengths * lengths[places[word]], 1e-12)
    order = [i for i in np.argsort(-cosines) if i != places[word]][:top]
    return [(words[i], float(cosines[i])) for i in order]


def plane(vectors: Matrix, method: Literal["pca", "tsne"], seed: int = 0) -> NDArray[np.float64]:
    """Return two coordinates (V, 2) of each vector: its first principal components, or t-SNE."""
    with extra("vectors", "a picture of words"):
        from sklearn.decomposition import PCA
        from sklearn.manifold import TSNE

    if method == "pca":
        return np.asarray(PCA(2, random_state=seed).fit_transform(vectors), dtype=np.float64)
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    tsne = TSNE(2, perplexity=perplexity, metric="cosine", init="random", random_state=seed)
    return np.asarray(tsne.fit_transform(vectors), dtype=np.float64)


def plot_words(words: Sequence[str], points: NDArray[np.float64], path: Path, title: str) -> Path:
    """Write each word where it lies as a PNG; return its path."""
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
