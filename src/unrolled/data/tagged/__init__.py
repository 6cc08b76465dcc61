"""Sentences with one tag per word, and readers for the file formats that store them."""

from unrolled.data.tagged.columns import Columns
from unrolled.data.tagged.file import TaggedFile
from unrolled.data.tagged.missing import select_complete
from unrolled.data.tagged.parts import find_tagged_parts
from unrolled.data.tagged.reading import Reader, open_path, open_tagged, read_tagged
from unrolled.data.tagged.sentences import Tagged
from unrolled.renamed import renamed_names

__all__ = [
    "Columns",
    "Reader",
    "Tagged",
    "TaggedFile",
    "find_tagged_parts",
    "open_path",
    "open_tagged",
    "read_tagged",
    "select_complete",
]

__getattr__ = renamed_names(__name__, {"complete": "select_complete", "tagged_parts": "find_tagged_parts"})
