"""Data sets of tagged sentences for taggers."""

from unrolled.data.catalogue.dataset import TAGGED, DataSet
from unrolled.data.remote import RemoteFile

_EWT = (
    "https://raw.githubusercontent.com/UniversalDependencies/UD_English-EWT/"
    "15d613d8447b3478787d4c278730a1e48a945efb/"
)


def _ewt_file(part: str, sha256: str) -> tuple[RemoteFile]:
    name = f"en_ewt-ud-{part}.conllu"
    return (RemoteFile(name, _EWT + name, sha256),)


SETS = (
    DataSet(
        name="ud_english-ewt",
        kind=TAGGED,
        content="English Web Treebank of Universal Dependencies: 12,544 / 2,001 / 2,077 sentences",
        form="CoNLL-U",
        source="https://github.com/UniversalDependencies/UD_English-EWT",
        licence="CC BY-SA 4.0",
        parts={
            "train": _ewt_file("train", "3fb78e2b55482c8ee00caa653af436c88c9e5bc9a73ce26e4ae3ddc79d2b7e7b"),
            "dev": _ewt_file("dev", "531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6"),
            "test": _ewt_file("test", "e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd"),
        },
    ),
)
