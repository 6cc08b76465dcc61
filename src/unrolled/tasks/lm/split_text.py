"""Divide a text into files for training, validation and test."""

import itertools
from dataclasses import replace
from pathlib import Path

from unrolled.atomic import write_atomically
from unrolled.data import open_documents
from unrolled.errors import DataError
from unrolled.storage.folder import make_inner_folder
from unrolled.tasks.lm.config import CorpusConfig


def split_text(corpus: CorpusConfig, folder: Path) -> tuple[CorpusConfig, str]:
    """Take the end of the text for the test, and as much before it for validation.

    Each part is ``valid_fraction`` of the text and ends where a line ends. If the configuration names
    validation text, only the test part is taken. Documents are joined.

    Returns:
        The configuration with files in ``folder`` as its sources, and a description for people.

    Raises:
        DataError: if the text is too short to be cut.
    """
    fraction = corpus.valid_fraction or 0.1
    text = "\n".join(d.text.rstrip("\n") for d in open_documents(corpus.data)) + "\n"
    names = ["train", "test"] if corpus.valid else ["train", "valid", "test"]
    edges = [0]
    for part in range(1, len(names)):
        near = int(len(text) * (1 - fraction * (len(names) - part)))
        edges.append(_line_end(text, near))
    edges.append(len(text))
    parts = [text[a:b] for a, b in itertools.pairwise(edges)]
    if not all(part.strip() for part in parts):
        raise DataError(
            f"{corpus.data}: too short to put {fraction:g} of it aside for a test; give more text, or a test"
        )
    make_inner_folder(folder)
    paths = {name: folder / f"{name}.txt" for name in names}
    for name, content in zip(names, parts, strict=True):
        write_atomically(paths[name], content.encode("utf-8", "surrogatepass"))
    said = f"; the last {100 * fraction:g}% of the text is the test ({folder})"
    if not corpus.valid:
        said = f"; the last {100 * fraction:g}% of the text is the test, as much before it held out"
    valid = corpus.valid or str(paths["valid"])
    return replace(corpus, data=str(paths["train"]), valid=valid, test=str(paths["test"])), said


def _line_end(text: str, near: int) -> int:
    """Return where the line ends in which a position lies; the position itself if there is no later line."""
    end = text.find("\n", near)
    return near if end in (-1, len(text) - 1) else end + 1
