"""Word vectors from a file or from a trained model."""

from unrolled.data.catalogue.dataset import VECTORS
from unrolled.data.catalogue.lookup import locate
from unrolled.errors import DataError
from unrolled.tasks import load
from unrolled.text.neighbours import Matrix
from unrolled.text.vectors import read_all_vectors


def open_vectors(source: str) -> tuple[list[str], Matrix]:
    """Return words and their vectors (V, size), in the order of the file or vocabulary.

    Raises:
        DataError: if the file or run does not exist.
        RunError: if the folder is not a run.
        ConfigError: if the model has no table of input vectors.
    """
    path = locate(source, VECTORS)
    if path.is_dir():
        words, vectors = load(path).input_vectors()
        return words, vectors
    if not path.is_file():
        raise DataError(f"{path}: no such file of word vectors or run folder")
    return read_all_vectors(path)
