"""The parts of a folder of tagged sentences: a file each, or a folder of words and tags."""

from pathlib import Path

from unrolled.data.parts import Parts, contents, find_parts, refuse_several
from unrolled.data.tagged.parallel import FOLDER

CONLLU = ".conllu"
"""Ending of the files of a treebank that are read; texts without tags are beside them."""


def tagged_parts(folder: Path) -> Parts | None:
    """Return the parts of a folder; see :func:`find_parts`. One file alone is its training data.

    Raises:
        DataError: if a part may be several files.
    """
    folders, files = contents(folder)
    if {path.name for path in files}.issuperset(FOLDER):
        return None
    found = find_parts(folder, _one)
    if found is None and len(files) == 1 and not folders:
        return Parts(str(files[0]), "", "", ())
    return found


def _one(folder: Path, part: str, paths: list[Path]) -> str:
    treebank = [path for path in paths if path.name.removesuffix(".gz").endswith(CONLLU)]
    chosen = treebank if len(treebank) == 1 else paths
    refuse_several(folder, part, chosen)
    return str(chosen[0]) if chosen else ""
