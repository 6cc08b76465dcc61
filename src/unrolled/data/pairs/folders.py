"""A folder with the parts of a corpus: ``train.de`` and ``train.en``, held-out and test pairs beside them."""

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from unrolled.data.pairs.names import is_source, is_target
from unrolled.data.parts import PARTS, contents
from unrolled.data.tables import ENDINGS
from unrolled.errors import DataError

SIDES = (("src", "tgt"), ("source", "target"))
OPUS = re.compile(r"(.+\.(\w+)-(\w+))\.(\w+)(\.gz)?")
"""Names of the two files of OPUS, as ``Books.de-en.de``."""


class PairFolder(NamedTuple):
    """The data of each part, as ``--data`` takes them; "" for a part that is not there."""

    train: str
    valid: str
    test: str


def is_folder(source: str | Path) -> bool:
    """Return whether data are named by a folder."""
    return not str(source).startswith("@") and os.path.isdir(source)


def open_folder(source: str | Path) -> PairFolder:
    """Return the files of a folder of pairs.

    A part is one table (``train.tsv``) or two files that differ in their endings (``train.de``, ``train.en``)
    or in their sides (``src-train.txt``, ``tgt-train.txt``). Where no file is named ``test``, test pairs are
    in those whose names begin so. A folder of one file, of two that differ in their endings, of
    ``source.txt`` and ``target.txt``, or of two as OPUS names them (``Books.de-en.de``) holds training pairs
    alone.

    Raises:
        DataError: if there are no training pairs, or the pairs may be several.
    """
    folder, files = Path(source), contents(Path(source)).files
    names = [path.name for path in files]
    folder = files[0].parent if files else folder
    train = _part(folder, names, PARTS["train"]) or _alone(folder, names)
    endings = {_ending(path) for path in train.split(",")}
    found = {"train": train} | {p: _part(folder, names, PARTS[p], endings) for p in ("valid", "test")}
    if not found["train"]:
        shown = ", ".join(names[:8]) + (" …" if len(names) > 8 else "") if names else "no files"
        raise DataError(
            f"{folder}: holds no train.SOURCE and train.TARGET, and no train.tsv or the like, but {shown}; "
            "name the files: --data A,B"
        )
    return PairFolder(found["train"], found["valid"], found["test"])


def _alone(folder: Path, names: list[str]) -> str:
    """Return the pairs of a folder without parts; "" if they may be in several files."""
    opus = [found for name in names if (found := OPUS.fullmatch(name)) and found[4] in found.groups()[1:3]]
    if len(opus) == 2 and opus[0][1] == opus[1][1]:
        names = [found[0] for found in sorted(opus, key=lambda found: found[4] != found[2])]
    elif len(names) == 2 and sum(map(is_source, names)) == sum(map(is_target, names)) == 1:
        names = sorted(names, key=is_target)
    elif len(names) == 2 and (_ending(names[0]) in ENDINGS or _stem(names[0]) != _stem(names[1])):
        return ""
    return ",".join(str(folder / name) for name in names) if len(names) in (1, 2) else ""


def _part(folder: Path, names: list[str], stems: tuple[str, ...], endings: Collection[str] = ()) -> str:
    """Return the data of a part; of several files those with the endings of the training pairs."""
    here = [name for name in names if _stem(name) in stems]
    if not here:
        here = [name for name in names if any(_stem(name).startswith(f"{s}_") for s in stems)]
    alike = [name for name in here if _ending(name) in endings]
    here = alike if alike and {_ending(name) for name in alike} == set(endings) else here
    tables = [name for name in here if _ending(name) in ENDINGS]
    rest = [name for name in here if name not in tables]
    if len(tables) == 1 and not rest:
        return str(folder / tables[0])
    if len(rest) == 2 and not tables and _stem(rest[0]) == _stem(rest[1]):
        return ",".join(str(folder / name) for name in sorted(rest, key=_is_target))
    if not here:
        return ""
    example = f"{folder / here[0]},{folder / here[1]}" if len(here) > 1 else str(folder / here[0])
    raise DataError(
        f"{folder}: the pairs may be any two of {', '.join(here)}; name source and target: --data {example}"
    )


def _ending(name: str) -> str:
    return Path(name.removesuffix(".gz")).suffix.lower()


def _stem(name: str) -> str:
    """Return the part that a file belongs to: ``train`` for ``train.de`` and ``src-train.txt``."""
    stem = name.removesuffix(".gz").split(".")[0].lower()
    for side in (side for sides in SIDES for side in sides):
        stem = stem.removeprefix(f"{side}-").removesuffix(f"-{side}")
        stem = stem.removeprefix(f"{side}_").removesuffix(f"_{side}")
    return stem


def _is_target(name: str) -> tuple[bool, str]:
    """Sort key: sides by their names, else endings by the alphabet."""
    return any(target in name.lower() for _, target in SIDES), name
