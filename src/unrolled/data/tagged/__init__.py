"""Sentences whose words have a tag each, and the files that hold them."""

from unrolled.data.tagged.columns import Columns
from unrolled.data.tagged.file import TaggedFile
from unrolled.data.tagged.missing import complete
from unrolled.data.tagged.reading import open_path, open_tagged, read_tagged
from unrolled.data.tagged.sentences import Tagged, check_counts

__all__ = [
    "Columns",
    "Tagged",
    "TaggedFile",
    "check_counts",
    "complete",
    "open_path",
    "open_tagged",
    "read_tagged",
]
