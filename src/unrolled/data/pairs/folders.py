"""A folder with the parts of a corpus: ``train.de`` and ``train.en``, and validation and test pairs."""

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from unrolled.data.corpus_parts import PARTS, list_folder
from unrolled.data.pairs.names import is_source, is_target
from unrolled.data.tables import ENDINGS
from unrolled.errors import DataError

SIDES = (("src", "tgt"), ("source", "target"))
OPUS = re.compile(r"(.+\.(\w+)-(\w+))\.(\w+)(\.gz)?")
"""Names of the two files of an OPUS corpus, as ``Books.de-en.de``."""


class PairFolder(NamedTuple):
    """The data of each part, as given to ``--data``; "" for a missing part."""

    train: str
    valid: str
    test: str


def is_folder(source: str | Path) -> bool:
    """Return whether the data are given as a folder."""
    return not str(source).startswith("@") and os.path.isdir(source)


def open_folder(source: str | Path) -> PairFolder:
    """Return the training, validation and test data of a folder of pairs.

    A part is one table (``train.tsv``) or two files that differ in their extensions (``train.de``,
    ``train.en``) or in their sides (``src-train.txt``, ``tgt-train.txt``). If no file is named ``test``, the
    test pairs are in the files whose names start with ``test_``; likewise for the other parts. A folder with
    one file, two files with different extensions, ``source.txt`` and ``target.txt``, or two files of OPUS
    (``Books.de-en.de``) has training pairs only.

    Raises:
        DataError: if there are no training pairs, or several files could be a part.
    """
    folder, files = Path(source), list_folder(Path(source)).files
    names = [path.name for path in files]
    folder = files[0].parent if files else folder
    train = _find_part(folder, names, PARTS["train"]) or _find_unnamed_pairs(folder, names)
    endings = {_ending(path) for path in train.split(",")}
    valid, test = (_find_part(folder, names, PARTS[p], endings) for p in ("valid", "test"))
    if not train:
        shown = ", ".join(names[:8]) + (" …" if len(names) > 8 else "") if names else "no files"
        raise DataError(
            f"{folder}: holds no train.SOURCE and train.TARGET, and no table such as train.tsv, but {shown}; "
            "name the files: --data A,B"
        )
    return PairFolder(train, valid, test)


def _find_unnamed_pairs(folder: Path, names: list[str]) -> str:
    """Return the pairs of a folder without named parts; "" if the files are ambiguous."""
    opus = [match for name in names if (match := OPUS.fullmatch(name)) and match[4] in match.groups()[1:3]]
    if len(opus) == 2 and opus[0][1] == opus[1][1]:
        names = [match[0] for match in sorted(opus, key=lambda match: match[4] != match[2])]
    elif len(names) == 2 and sum(map(is_source, names)) == sum(map(is_target, names)) == 1:
        names = sorted(names, key=is_target)
    elif len(names) == 2 and (_ending(names[0]) in ENDINGS or _stem(names[0]) != _stem(names[1])):
        return ""
    return ",".join(str(folder / name) for name in names) if len(names) in (1, 2) else ""


def _find_part(folder: Path, names: list[str], stems: tuple[str, ...], endings: Collection[str] = ()) -> str:
    """Return the data of a part; of several files, those with the extensions of the training pairs."""
    files = [name for name in names if _stem(name) in stems]
    if not files:
        files = [name for name in names if any(_stem(name).startswith(f"{s}_") for s in stems)]
    same_ending = [name for name in files if _ending(name) in endings]
    files = same_ending if same_ending and {_ending(name) for name in same_ending} == set(endings) else files
    tables = [name for name in files if _ending(name) in ENDINGS]
    texts = [name for name in files if name not in tables]
    if len(tables) == 1 and not texts:
        return str(folder / tables[0])
    if len(texts) == 2 and not tables and _stem(texts[0]) == _stem(texts[1]):
        return ",".join(str(folder / name) for name in sorted(texts, key=_side_order))
    if not files:
        return ""
    example = f"{folder / files[0]},{folder / files[1]}" if len(files) > 1 else str(folder / files[0])
    raise DataError(
        f"{folder}: the pairs may be any two of {', '.join(files)}; name source and target: --data {example}"
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


def _side_order(name: str) -> tuple[bool, str]:
    """Sort key: sources before targets, else alphabetical order."""
    return any(target in name.lower() for _, target in SIDES), name
