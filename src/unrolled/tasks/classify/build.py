"""The network of a classifier."""

import dataclasses

from torch import Tensor

from unrolled.models import TokenReader
from unrolled.models.classifier import RecurrentClassifier
from unrolled.models.series_reader import SeriesReader
from unrolled.tasks.classify.artifacts import ClassifierArtifacts
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.options import DROPOUT


def build_model(
    config: ClassifierConfig, known: ClassifierArtifacts, vectors: Tensor | None
) -> RecurrentClassifier:
    """Build the network over a vocabulary, or over vectors.

    Args:
        config: of the classifier.
        known: labels, and the vocabulary or the size of a vector.
        vectors: word vectors (V, size) that the configuration names.
    """
    c, both = config, config.network.bidirectional
    dropout = c.dropout.settled(DROPOUT["vectors"])
    inside = dataclasses.replace(dropout, dropout_output=0.0)  # it acts on the pooled vector
    reader: TokenReader | SeriesReader
    if known.tokenizer is None:
        reader = SeriesReader(known.features, c.cell, c.network, inside, bidirectional=both)
    else:
        size = known.tokenizer.size
        reader = TokenReader(size, c.cell, c.network, inside, vectors, bidirectional=both)
    pooling = c.head.pooling if c.head.pooling != "auto" else "max"
    return RecurrentClassifier(reader, len(known.classes), pooling, dropout.dropout_output)
