"""Data sets of pretrained word vectors."""

from unrolled.data.catalogue.dataset import VECTORS, DataSet
from unrolled.data.remote import RemoteFile

SETS = (
    DataSet(
        name="word-vectors",
        kind=VECTORS,
        content="GloVe 6B: the 9,163 most frequent words, 50 numbers each",
        form="GloVe text: one word and its vector per line",
        source="https://nlp.stanford.edu/projects/glove/",
        licence="PDDL 1.0",
        parts={
            "glove-50d": (
                RemoteFile(
                    "glove.6B.50d.top9163.txt",
                    "https://raw.githubusercontent.com/dheerajkotwani/Emojify/"
                    "543b907163394d690ca376bb8bbf00c9f3453d02/data/glove.6B.50d.txt",
                    "ca8fa2ae26d38a1c069860184b5fb2d9c6c031fe801a234d95b8b43c6563ab68",
                ),
            ),
        },
    ),
)
