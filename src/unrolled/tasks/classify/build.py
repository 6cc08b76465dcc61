"""The network of a classifier."""

import dataclasses

from torch import Tensor

from unrolled.models import TokenEncoder
from unrolled.models.classifier import RecurrentClassifier
from unrolled.models.series_encoder import SeriesEncoder
from unrolled.tasks.classify.artifacts import ClassifierArtifacts
from unrolled.tasks.classify.config import ClassifierConfig
from unrolled.tasks.classify.options import DROPOUT


def build_model(
    config: ClassifierConfig, artifacts: ClassifierArtifacts, vectors: Tensor | None
) -> RecurrentClassifier:
    """Build the network over tokens, or over vectors.

    Args:
        config: configuration of the classifier.
        artifacts: labels, and the tokenizer or the size of the input vectors.
        vectors: pretrained word vectors (V, size); None to learn the embedding.
    """
    c, bidirectional = config, config.network.bidirectional
    dropout = c.dropout.resolve(DROPOUT["vectors"])
    # Dropout on the output is applied to the pooled vector, so the encoder has none.
    encoder_dropout = dataclasses.replace(dropout, dropout_output=0.0)
    reader: TokenEncoder | SeriesEncoder
    if artifacts.tokenizer is None:
        reader = SeriesEncoder(
            artifacts.features, c.cell, c.network, encoder_dropout, bidirectional=bidirectional
        )
    else:
        size = artifacts.tokenizer.size
        reader = TokenEncoder(size, c.cell, c.network, encoder_dropout, vectors, bidirectional=bidirectional)
    pooling = c.head.pooling if c.head.pooling != "auto" else "max"
    return RecurrentClassifier(reader, len(artifacts.classes), pooling, dropout.dropout_output)
