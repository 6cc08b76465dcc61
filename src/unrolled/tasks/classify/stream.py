"""Sequences that a classifier reads step by step, with the label so far."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.decoding.softmax import softmax
from unrolled.engine import Stream
from unrolled.errors import ConfigError
from unrolled.models.steps.classifier import LOGITS, VECTOR
from unrolled.models.steps.stack import TOKEN
from unrolled.tasks.base.numbers import finite_array
from unrolled.tasks.base.rows import StreamRows
from unrolled.tasks.base.token_rows import token_rows
from unrolled.tasks.classify.artifacts import ClassifierArtifacts
from unrolled.tasks.classify.labels import Label
from unrolled.text.tokenizer import EOS_ID


class ClassifierStream(StreamRows):
    """Sequences that a classifier reads step by step; see :class:`StreamRows`."""

    def __init__(self, stream: Stream, artifacts: ClassifierArtifacts) -> None:
        super().__init__(stream, LOGITS, len(artifacts.classes))
        self._artifacts = artifacts

    def push(self, read: Any) -> NDArray[np.float64]:
        """Read the next part of each sequence; return the probability of every label so far, (B, classes).

        For a text they are the probabilities of the text that was read so far, as if it ended there: the
        end of the text is read in a copy of the states.

        Args:
            read: for a classifier of texts a text, a list of B texts, a token, tokens (T,) of a single text,
                or tokens (T, B); for a classifier of vectors a vector (I,) or vectors (T, I) of a single
                sequence, or vectors (T, B, I). Words must be whole: each text is split into tokens alone.

        Raises:
            ShapeError: if the shape does not fit, or a token is not in the vocabulary.
            ConfigError: for a text if the classifier reads vectors.
            DataError: if a vector has a number that is not finite, or only some of the rows are texts.
            NonFiniteError: if the model gives no finite probabilities.
        """
        is_text = self._artifacts.tokenizer is not None
        logits = self._read_tokens(read) if is_text else self._read_vectors(read)
        if logits is not None:
            self._set_values(logits)
        return self.probabilities

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """The probability of every label so far, (B, classes); NaN for rows that have read nothing."""
        return softmax(self.values)

    @property
    def labels(self) -> list[Label]:
        """The most probable label so far of each row.

        Raises:
            ConfigError: if a row has read nothing.
        """
        if not self.has_read.all():
            raise ConfigError("nothing was read yet: push the beginning of the sequence first")
        return [self._artifacts.classes[i] for i in self.values.argmax(1)]

    @property
    def label(self) -> Label:
        """The most probable label so far of a stream of one sequence.

        Raises:
            ConfigError: if nothing was read, or there are several sequences.
        """
        if self.batch != 1:
            raise ConfigError(f"the stream has {self.batch} sequences: labels gives the label of each")
        return self.labels[0]

    def _read_vectors(self, read: Any) -> NDArray[np.float32] | None:
        if isinstance(read, str):
            raise ConfigError("this classifier reads vectors, not text")
        x = finite_array(read, "the vectors")
        if x.ndim in (1, 2):
            x = x.reshape(-1, 1, x.shape[-1])
        return self._stream.run({VECTOR: x}, last=True)[LOGITS] if len(x) else None

    def _read_tokens(self, read: Any) -> NDArray[np.float32]:
        tokenizer = self._artifacts.tokenizer
        assert tokenizer is not None
        tokens, lengths = token_rows(read, self.batch, tokenizer.encode)
        self._stream.run(tokens={TOKEN: tokens}, lengths=lengths, last=True)
        end = np.full((1, self.batch), EOS_ID, np.int64)
        return self._stream.copy().run(tokens={TOKEN: end}, last=True)[LOGITS]
