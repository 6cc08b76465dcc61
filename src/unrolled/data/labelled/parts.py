"""Training, validation and test parts of a folder of labelled texts."""

import re
from pathlib import Path

from unrolled.data.corpus_parts import Parts, check_single_file, find_parts
from unrolled.errors import DataError

_TEXTS = re.compile(r"(?i)(.*[_.-])?(texts?|sentences?|seq\.in)(\.txt)?")
_LABELS = re.compile(r"(?i)(.*[_.-])?labels?(\.txt)?")


def find_labelled_parts(folder: Path) -> Parts | None:
    """Return the parts of a folder; see :func:`find_parts`.

    A part may consist of a file of texts and a file of labels (``train_text.txt``, ``train_labels.txt``).

    Raises:
        DataError: if several files could be the same part, or a part has labels but no texts.
    """
    return find_parts(folder, _choose_files)


def find_text_and_label_files(files: list[Path]) -> tuple[list[Path], list[Path]]:
    """Return the files of texts and the files of labels, by their names."""
    return [p for p in files if _TEXTS.fullmatch(p.name)], [p for p in files if _LABELS.fullmatch(p.name)]


def _choose_files(folder: Path, part: str, paths: list[Path]) -> str:
    """Return the data of one part."""
    texts, labels = find_text_and_label_files(paths)
    if len(texts) == len(labels) == 1:
        return f"{texts[0]},{labels[0]}"
    check_single_file(folder, part, paths)
    if labels and not texts:
        raise DataError(f"{folder}: holds {labels[0].name}, and no file with the texts of its lines")
    return str(paths[0]) if paths else ""
