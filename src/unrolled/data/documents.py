"""Documents of text: a file, a folder, a public data set, or the standard library."""

import platform
import sysconfig
from pathlib import Path

from unrolled.data.catalogue.dataset import PLAIN
from unrolled.data.catalogue.lookup import locate
from unrolled.data.catalogue.text import STDLIB
from unrolled.data.files import Document, read_documents
from unrolled.errors import DataError


def open_documents(source: str | Path) -> list[Document]:
    """Return the documents of a path, or of a data set written ``@name`` or ``@name/part``.

    Raises:
        DataError: if the name is unknown, a file is not available, or it is not text.
    """
    if str(source) == f"@{STDLIB}":
        return _standard_library()
    return read_documents(locate(source, *PLAIN))


def _standard_library() -> list[Document]:
    """Return the top-level modules of the interpreter's standard library."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    documents = []
    for path in sorted(folder.glob("*.py")):
        text = path.read_text(encoding="utf-8")
        if text.strip():
            documents.append(Document(path.name, text))
    if not documents:
        raise DataError(
            f"{folder}: this Python {platform.python_version()} has no library source; give --data"
        )
    return documents
