"""Data sets of labelled texts for classifiers, and their readers."""

from pathlib import Path

from unrolled.data.catalogue.dataset import LABELLED, LabelledSet, TextsAndLabels
from unrolled.data.files import read_text
from unrolled.data.remote import RemoteFile

_MR = (
    "https://raw.githubusercontent.com/dennybritz/cnn-text-classification-tf/"
    "18762b459e21d9c70e5c242f8d43fc4e6db37a0d/data/rt-polaritydata/"
)
_QC = (
    "https://raw.githubusercontent.com/harvardnlp/sent-conv-torch/"
    "d61ded09c99c0199d8c5bca946cd65864de2b296/data/"
)
_NAMES = (
    "https://raw.githubusercontent.com/spro/practical-pytorch/"
    "c520c52e68e945d88fff563dba1c028b6ec0197b/data/names/"
)
_TREC_CLASSES = ("DESC", "ENTY", "ABBR", "HUM", "LOC", "NUM")
_LANGUAGES = {
    "Arabic": "6f424a8dbe51cbbbabab7a57d38b617210125e4e3991f3c657cb79b8f104bafc",
    "Chinese": "09ba8f1f7e38dbc99372d461b26ad4433b811fc6bfa6a3ecca6fe11a9a777465",
    "Czech": "e17ab0ec47616a72c39cb85c783f70c3663ab64488721e5d8378f146d2226be7",
    "Dutch": "924f32b635170eae561f84538632138fc07d4c8bbd70ba3fb980de1ecc4d2af3",
    "English": "9cca037066d3d5989e24bc01801416162de506b5e28e15b7c092a47905d29bf2",
    "French": "81e65b36c60ed5b89a17422f6edcadbb89546f38ad69e960e64e7ba682012a95",
    "German": "7449cd590b97a733e18d613a4155decd77ec35dc5f8aadd7a82204dce4f051db",
    "Greek": "3555b5186de7f401e6d991b088e9e644ca3099116477818c25ab5793801389e6",
    "Irish": "cf8c7013256252a88d2503127b87282a11f21b2ff6db1bded68834c19a1ec058",
    "Italian": "f88414c27d0606a11a678b4859277828c2565d6cc4d9ee932deef6e94f3b35e4",
    "Japanese": "e0e717e114fec3e7eade4d9dabe0067c475f43147e36a22b47902ee76ad9e67f",
    "Korean": "cd54221ccb362a6cba4c78828838cf3268a0e59744767a37cf6ec4b74036b136",
    "Polish": "45bab898af2f60ed3a728bbf6980e28821011a7caa53227553b5785903a40826",
    "Portuguese": "50a8735f41f4f73757c8ce5b16cb0275cd86b2b214bcbc8c9805f508cb131c53",
    "Russian": "0cfe53ac18041e8f63666aa77313e0a3ff378facb132abee052d8ebdc8c3d62c",
    "Scottish": "78d0252711d87d948ea86fe34826c51d2d794a8e52d15b5d6f7b6244d45d62dd",
    "Spanish": "1bcb462ed3316756a85781d68232bddae04498fdddd5d9219c53fd1fbdeba7a7",
    "Vietnamese": "f3f9e4164ab47601178a6e45b216464a64122f49d05541f24bf18a757253281d",
}
"""SHA-256 of the file of each language."""


def _read_label_from_suffix(path: Path) -> TextsAndLabels:
    """Read a file whose extension is the label of all its lines."""
    return _read_lines(path, path.suffix[1:])


def _read_label_from_stem(path: Path) -> TextsAndLabels:
    """Read a file whose stem is the label of all its lines."""
    return _read_lines(path, path.stem)


def _read_lines(path: Path, label: str) -> TextsAndLabels:
    texts = [line.strip() for line in read_text(path).split("\n") if line.strip()]
    return texts, [label] * len(texts)


def _read_trec(path: Path) -> TextsAndLabels:
    """Read a file with a class number and a question per line, in ISO-8859-1."""
    lines = read_text(path, encoding="iso-8859-1").split("\n")
    pairs = [line.strip().partition(" ") for line in lines if line.strip()]
    return [text for _, _, text in pairs], [_TREC_CLASSES[int(label)] for label, _, _ in pairs]


SETS = (
    LabelledSet(
        name="rt-polarity",
        kind=LABELLED,
        content="5,331 positive and 5,331 negative sentences of film reviews",
        form="one sentence per line, one file per label",
        source="https://www.cs.cornell.edu/people/pabo/movie-review-data/",
        licence="none stated: research, cite Pang & Lee 2005",
        parts={
            "all": (
                RemoteFile(
                    "rt-polarity.utf8.pos",
                    _MR + "rt-polarity.pos",
                    "4134882974a28d0c7b5151256f0e33a6169984ee7372c279e673f1114f475d58",
                ),
                RemoteFile(
                    "rt-polarity.utf8.neg",
                    _MR + "rt-polarity.neg",
                    "2d11cfbc790f1cd96d78339f41ce53ced1efa83cd22d37d6788fa3fe3d17e2fd",
                ),
            )
        },
        read=_read_label_from_suffix,
    ),
    LabelledSet(
        name="trec",
        kind=LABELLED,
        content="5,452 / 500 questions of six classes",
        form="class number and question, one per line",
        source="https://cogcomp.seas.upenn.edu/Data/QA/QC/",
        licence="none stated: research, cite Li & Roth 2002",
        parts={
            "train": (
                RemoteFile(
                    "TREC.train.all",
                    _QC + "TREC.train.all",
                    "c8183fd8c2a5cc4a9a1c56548d7c6410a8b71ed7843df9ef1f0a05cd7cf2fb3e",
                ),
            ),
            "test": (
                RemoteFile(
                    "TREC.test.all",
                    _QC + "TREC.test.all",
                    "92a6a3cede5678b447ef5f1d7ec474134fcda211e6590e6fa627b4a2c68e4566",
                ),
            ),
        },
        read=_read_trec,
    ),
    LabelledSet(
        name="names",
        kind=LABELLED,
        content="20,050 surnames of 18 languages",
        form="one name per line, one file per language",
        source="https://github.com/spro/practical-pytorch",
        licence="MIT",
        parts={
            "all": tuple(
                RemoteFile(f"{language}.txt", f"{_NAMES}{language}.txt", sha256)
                for language, sha256 in _LANGUAGES.items()
            )
        },
        read=_read_label_from_stem,
    ),
)
