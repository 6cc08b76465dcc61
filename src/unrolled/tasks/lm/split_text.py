"""Split a text into files for training, validation and test."""

from dataclasses import replace
from pathlib import Path

from unrolled.atomic import write_atomically
from unrolled.data import Document
from unrolled.errors import DataError
from unrolled.storage.folder import make_inner_folder, remove_files
from unrolled.tasks.lm.config import CorpusConfig
from unrolled.tasks.lm.hold_out import describe_hold_out, split_documents


def split_text(corpus: CorpusConfig, documents: list[Document], folder: Path) -> tuple[CorpusConfig, str]:
    """Split a text as training does, with a test part after the held-out part.

    The held-out and the test part are each ``valid_fraction`` of the text and end at the end of a line. If
    the configuration names validation text, only the test part is split off. A part with several documents
    becomes a folder.

    Args:
        corpus: corpus options, with ``hold_out`` resolved.
        documents: the documents of ``corpus.data``.
        folder: folder for the files.

    Returns:
        The configuration with the files in ``folder`` as its sources, and a readable description.

    Raises:
        DataError: if the text is too short to split.
    """
    fraction = corpus.valid_fraction or 0.1
    names = ["train", "test"] if corpus.valid else ["train", "valid", "test"]
    if corpus.hold_out == "end":
        documents = [Document("text", "\n".join(d.text.rstrip("\n") for d in documents) + "\n")]
    parts = split_documents(documents, [fraction] * (len(names) - 1), corpus.hold_out, corpus.mode)
    if not all(parts):
        raise DataError(
            f"{corpus.data}: too short to split off {fraction:g} of it as a test; give more text, or "
            "a test text"
        )
    make_inner_folder(folder)
    paths = {name: write_documents(folder / name, part) for name, part in zip(names, parts, strict=True)}
    description = f"; {describe_hold_out(corpus.hold_out, fraction, len(documents))} is the test ({folder})"
    if not corpus.valid:
        description = (
            f"; {describe_hold_out(corpus.hold_out, fraction, len(documents))} is the test, as much held out"
        )
    valid = corpus.valid or paths["valid"]
    return replace(corpus, data=paths["train"], valid=valid, test=paths["test"]), description


def write_documents(path: Path, documents: list[Document]) -> str:
    """Write one document as a file, or several as a folder; return the path."""
    if len(documents) == 1:
        file = path.with_suffix(".txt")
        write_atomically(file, documents[0].text.encode("utf-8", "surrogatepass"))
        return str(file)
    make_inner_folder(path)
    remove_files(path, [old.name for old in path.glob("[0-9]*.txt")])
    for number, document in enumerate(documents, 1):
        write_atomically(path / f"{number:06}.txt", document.text.encode("utf-8", "surrogatepass"))
    return str(path)
