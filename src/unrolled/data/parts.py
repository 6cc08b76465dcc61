"""A folder with the parts of a corpus: training data, and held-out and test data beside them."""

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
_WORDS = {word: part for part, words in PARTS.items() for word in words}
_ABOUT = re.compile(
    r"(?i)(readme|licen[cs]e|copying|notice|about|sha256sums?|md5sums?)(\.\w+)?|source|.*\.(md|rst|html?|pdf)"
)


class Parts(NamedTuple):
    """The data of each part, as ``--data`` takes them; "" for a part that is not there."""

    train: str
    valid: str
    test: str
    unread: tuple[str, ...]
    """Names of files and folders that belong to no part."""


class Contents(NamedTuple):
    """What a folder holds, without hidden files and those about the data."""

    folders: list[Path]
    files: list[Path]


def contents(folder: Path) -> Contents:
    """Return what a folder holds by name; of a folder that holds one folder alone, what that one holds.

    Raises:
        DataError: if it cannot be read.
    """
    try:
        inside = [p for p in sorted(folder.iterdir()) if not p.name.startswith(".")]
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error
    folders = [p for p in inside if p.is_dir()]
    files = [p for p in inside if not p.is_dir() and not _ABOUT.fullmatch(p.name)]
    return contents(folders[0]) if len(folders) == 1 and not files else Contents(folders, files)


def find_parts(folder: Path, one: Callable[[Path, str, list[Path]], str]) -> Parts | None:
    """Return the parts of a folder that holds training and held-out or test data; None if it does not.

    A part is a folder (``train``) or files with its name (``train.tsv``).

    Args:
        folder: to look into.
        one: takes the folder, the name of a part and its files or folders; returns the data of the part, or
            raises DataError.

    Raises:
        DataError: if the data of a part may be several files.
    """
    folders, files = contents(folder)
    named = {part: [p for p in folders if p.name.lower() in words] for part, words in PARTS.items()}
    if not any(named.values()):
        named = {part: [p for p in files if part_of(p) == part] for part in PARTS}
    if not named["train"] or not (named["valid"] or named["test"]):
        return None
    taken = {path for paths in named.values() for path in paths}
    unread = tuple(p.name for p in (*folders, *files) if p not in taken)
    train, valid, test = (one(folder, part, named[part]) for part in PARTS)
    return Parts(train, valid, test, unread)


def part_of(path: Path) -> str:
    """Return the part that the name of a file says, "" if it says none."""
    words = re.split(r"[^a-z]+", path.name.lower())
    return next((_WORDS[word] for word in words if word in _WORDS), "")


def refuse_several(folder: Path, part: str, paths: list[Path]) -> None:
    """Refuse a part with several files.

    Raises:
        DataError: if there are more than one.
    """
    if len(paths) > 1:
        names = ", ".join(p.name for p in paths)
        raise DataError(
            f"{folder}: the {part} data may be any of {names}; give the files: --data {paths[0]} --valid … "
            "--test …"
        )
