"""Find the training, validation and test data in a folder."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from unrolled.errors import DataError

PARTS = {
    "train": ("train", "training"),
    "valid": ("valid", "validation", "val", "dev"),
    "test": ("test", "testing"),
}
"""Lower-case names of the folders and files of each part."""
_PART_BY_WORD = {word: part for part, words in PARTS.items() for word in words}
_ABOUT = re.compile(
    r"(?i)(readme|licen[cs]e|copying|notice|about|sha256sums?|md5sums?)(\.\w+)?|source|.*\.(md|rst|html?|pdf)"
)


class Parts(NamedTuple):
    """Data of each part, in the form that ``--data`` takes; "" for a missing part."""

    train: str
    valid: str
    test: str
    unread: tuple[str, ...]
    """Names of the files and folders that belong to no part."""


class Contents(NamedTuple):
    """Subfolders and files of a folder, without hidden files and documentation (README, licence, …)."""

    folders: list[Path]
    files: list[Path]


def list_folder(folder: Path) -> Contents:
    """Return the contents of a folder, sorted by name; of its subfolder if it contains only that.

    Raises:
        DataError: if the folder cannot be read.
    """
    try:
        paths = [p for p in sorted(folder.iterdir()) if not p.name.startswith(".")]
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error
    folders = [p for p in paths if p.is_dir()]
    files = [p for p in paths if not p.is_dir() and not _ABOUT.fullmatch(p.name)]
    return list_folder(folders[0]) if len(folders) == 1 and not files else Contents(folders, files)


def find_parts(folder: Path, choose: Callable[[Path, str, list[Path]], str]) -> Parts | None:
    """Return the parts of a folder; None if there is no training data, or neither validation nor test data.

    A part is a folder (``train``) or files with its name (``train.tsv``).

    Args:
        folder: folder to search.
        choose: function of the folder, the name of a part and its files or folders; returns the data of the
            part, or raises DataError.

    Raises:
        DataError: if the files of a part are ambiguous.
    """
    folders, files = list_folder(folder)
    by_part = {part: [p for p in folders if p.name.lower() in words] for part, words in PARTS.items()}
    if not any(by_part.values()):
        by_part = {part: [p for p in files if get_part(p) == part] for part in PARTS}
    if not by_part["train"] or not (by_part["valid"] or by_part["test"]):
        return None
    assigned = {path for paths in by_part.values() for path in paths}
    unread = tuple(p.name for p in (*folders, *files) if p not in assigned)
    train, valid, test = (choose(folder, part, by_part[part]) for part in PARTS)
    return Parts(train, valid, test, unread)


def get_part(path: Path) -> str:
    """Return the part that the file name indicates, or ""."""
    words = re.split(r"[^a-z]+", path.name.lower())
    return next((_PART_BY_WORD[word] for word in words if word in _PART_BY_WORD), "")


def check_single_file(folder: Path, part: str, paths: list[Path]) -> None:
    """Check that a part has at most one file.

    Raises:
        DataError: if it has several.
    """
    if len(paths) > 1:
        names = ", ".join(p.name for p in paths)
        raise DataError(
            f"{folder}: several files may be the {part} data ({names}); give the files: "
            f"--data {paths[0]} --valid … --test …"
        )
