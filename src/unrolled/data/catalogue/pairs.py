"""Data sets of pairs of texts for translators."""

from unrolled.data.catalogue.dataset import PAIRS, DataSet
from unrolled.data.remote import RemoteFile

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


def _multi30k_file(name: str, sha256: str) -> tuple[RemoteFile]:
    return (RemoteFile(name, f"{_MULTI30K}{name}.gz", sha256),)


SETS = (
    DataSet(
        name="multi30k",
        kind=PAIRS,
        content="29,000 / 1,014 / 1,000 captions in German, English and French",
        form="one sentence per line, one file per language: @multi30k/train.de,@multi30k/train.en",
        source="https://github.com/multi30k/dataset",
        licence="non-commercial research and education (of Flickr30K)",
        parts={
            "train.de": _multi30k_file(
                "train.de",
                "2c2b73fd2b548fbcde3a875e0a78d6ee94d498bfdee6bd3eae3945779e9ddf72",
            ),
            "train.en": _multi30k_file(
                "train.en",
                "460a15fbd157e34a7a9957ee388c1ca247fe47af3ef25fb50442af6c274e0fc6",
            ),
            "train.fr": _multi30k_file(
                "train.fr",
                "5925a3c18f1587b6b54b87743106e6e8ab93618edb6f65d19eac0621f853a10d",
            ),
            "val.de": _multi30k_file(
                "val.de",
                "660e09eb7e1da2f856ea13ee5ad3cf6d36b3d5b0b733c857e94c5747a3dfc660",
            ),
            "val.en": _multi30k_file(
                "val.en",
                "1f2a23d992769b5b3d209b0a10dd0b77c08cceb1f20dfb97ed0aafa49d107227",
            ),
            "val.fr": _multi30k_file(
                "val.fr",
                "5304e444d842e962b2dda4d816b70b22a1765b15401642b7ca37a67477e708dc",
            ),
            "test_2016_flickr.de": _multi30k_file(
                "test_2016_flickr.de",
                "4be6b5b3236b79c25475c6bb829800a7ce559e9ba7a1f6c2394fe4d40be46d16",
            ),
            "test_2016_flickr.en": _multi30k_file(
                "test_2016_flickr.en",
                "399a4382932c1aadd3ceb9bef1008d388a64c76d4ae4e9d4728c6f4301cac182",
            ),
            "test_2016_flickr.fr": _multi30k_file(
                "test_2016_flickr.fr",
                "cb3160d69b002bb638e66cc7612fcd56cb0af82eadc9c142dedc438afb885ef6",
            ),
        },
    ),
    DataSet(
        name="toy-seq2seq",
        kind=PAIRS,
        content="50,000 dates in free form and in ISO 8601",
        form="one pair per line, separated by _",
        source="https://github.com/oreilly-japan/deep-learning-from-scratch-2",
        licence="MIT",
        parts={
            "date": (
                RemoteFile(
                    "date.txt",
                    _SCRATCH + "date.txt",
                    "62e66a301ce8537868e725512d2a45663fc366526b7e42028cb703bda2b1c79a",
                ),
            ),
        },
    ),
    DataSet(
        name="agnews",
        kind=PAIRS,
        content="7,600 news items: class, title, description",
        form="CSV without header: --source-column 3 --target-column 2",
        source="https://github.com/mhjabreel/CharCnn_Keras",
        licence="research, non-commercial",
        parts={
            "test": (
                RemoteFile(
                    "test.csv",
                    _CHAR_CNN + "test.csv",
                    "521465c2428ed7f02f8d6db6ffdd4b5447c1c701962353eb2c40d548c3c85699",
                ),
            ),
        },
    ),
)
