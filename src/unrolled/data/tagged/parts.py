"""Training, validation and test parts of a folder of tagged sentences."""

from pathlib import Path

from unrolled.data.corpus_parts import Parts, check_single_file, find_parts, list_folder
from unrolled.data.tagged.parallel import SLOT_FILES

CONLLU = ".conllu"
"""Extension of the treebank files that are read; the folder may also hold plain texts without tags."""


def find_tagged_parts(folder: Path) -> Parts | None:
    """Return the parts of a folder; see :func:`find_parts`. A single file is training data.

    None for a folder with ``seq.in`` and ``seq.out``, which are one data set.

    Raises:
        DataError: if several files could be the same part.
    """
    folders, files = list_folder(folder)
    if {path.name for path in files}.issuperset(SLOT_FILES):
        return None
    parts = find_parts(folder, _choose_file)
    if parts is None and len(files) == 1 and not folders:
        return Parts(str(files[0]), "", "", ())
    return parts


def _choose_file(folder: Path, part: str, paths: list[Path]) -> str:
    treebank = [path for path in paths if path.name.removesuffix(".gz").endswith(CONLLU)]
    chosen = treebank if len(treebank) == 1 else paths
    check_single_file(folder, part, chosen)
    return str(chosen[0]) if chosen else ""
