"""A sentence that a tagger reads word by word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids, Numbers
from unrolled.decoding.marginals import log_marginals
from unrolled.decoding.softmax import log_softmax
from unrolled.decoding.viterbi import Moves, advance, viterbi
from unrolled.engine import Stream
from unrolled.errors import ConfigError, ShapeError
from unrolled.models.native.tagger import SpellingEncoder
from unrolled.models.steps.stack import TOKEN
from unrolled.models.steps.tagger import EMISSIONS, SPELLING
from unrolled.tasks.base.rows import StreamRows
from unrolled.tasks.tag.vocabularies import Vocabularies
from unrolled.wording import counted


@dataclass(frozen=True)
class TagScores:
    """How scores of tags become the best sequence of tags."""

    moves: Moves | None
    """Scores of a CRF, or of the rules of a scheme; None if every tag is predicted independently."""
    normalised: bool
    """Whether the scores of a word become ln p, so that the scores of words can be added."""

    def best(self, emissions: NDArray[np.float32], lengths: Ids) -> Ids:
        """Return the best tags (T, B) for scores (T, B, K) of sentences of ``lengths`` (B,) words."""
        if self.moves is None:
            return emissions.argmax(-1)
        return viterbi(self.prepare(emissions), lengths, self.moves)

    def probabilities(self, emissions: NDArray[np.float32], lengths: Ids) -> Numbers:
        """Return the probability of each tag of each word, (T, B, K); see :meth:`best`."""
        if self.moves is None:
            return np.exp(log_softmax(emissions))
        return np.exp(log_marginals(self.prepare(emissions), lengths, self.moves))

    def prepare(self, emissions: NDArray[np.float32]) -> Numbers:
        """Return the scores that are added up along a sequence of tags."""
        return log_softmax(emissions) if self.normalised else emissions.astype(np.float64)


class TaggerStream(StreamRows):
    """Sentences that a tagger reads word by word; see :class:`StreamRows`.

    With a CRF or rules, the score of the best sequence of tags that ends in each tag is kept.
    """

    def __init__(
        self, stream: Stream, spelling: SpellingEncoder | None, vocabularies: Vocabularies, scores: TagScores
    ) -> None:
        super().__init__(stream, "paths", len(vocabularies.tags))
        self._spelling, self._vocabularies, self._scores = spelling, vocabularies, scores

    def push(self, word: str | Sequence[str]) -> Any:
        """Read a word of each sentence; return its tag: the last tag of the best sequence of tags so far.

        A word that comes later may change the best tags of the words before it.

        Args:
            word: a word, for a stream of one sentence, or a list of B words.

        Returns:
            The tag; a list of tags for a list of words.

        Raises:
            ConfigError: if it is not a word.
            ShapeError: if the number of words is not B.
            NonFiniteError: if the model gives no finite scores.
        """
        words = [word] if isinstance(word, str) else word
        if not isinstance(words, Sequence) or not all(isinstance(w, str) and w.strip() for w in words):
            raise ConfigError(f"push takes a word, or a list of words; got {word!r:.60}")
        if len(words) != self.batch:
            raise ShapeError(f"got {counted(len(words), 'word')}, but the stream has {self.batch} rows")
        inputs, tokens = {}, {TOKEN: self._vocabularies.words.numbers(words)[None]}
        if self._spelling is not None:
            spellings = [self._vocabularies.characters.numbers(w) for w in words]
            inputs = {SPELLING: self._spelling.vectors(spellings)[None]}
        emissions = self._stream.run(inputs, tokens, last=True)[EMISSIONS]
        best = self._extend(self._scores.prepare(emissions)).argmax(1)
        tags = [self._vocabularies.tags[tag] for tag in best]
        return tags[0] if isinstance(word, str) else tags

    def _extend(self, scores: Numbers) -> Numbers:
        """Return the score of each tag (B, K) as the last tag."""
        moves = self._scores.moves
        if moves is None:
            self._set_values(scores)
            return scores
        before = np.where(self.has_read[:, None], self.values, 0.0)
        later, _ = advance(before, scores, moves)
        paths = np.where(self.has_read[:, None], later, moves.start + scores)
        self._set_values(paths - paths.max(1, keepdims=True))  # differences matter; sums would grow
        return self.values + moves.end
