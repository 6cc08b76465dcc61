"""The most frequent tag of each word: what a tagger that reads no context can do."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from unrolled.errors import DataError

Words = Sequence[Sequence[str]]


@dataclass(frozen=True)
class MajorityTag:
    """Every word has the tag that it most often had in training (Charniak et al. 1993)."""

    tags: dict[str, str]
    """By word, as it is written."""
    otherwise: str
    """The most frequent tag overall, of words that training had not."""

    @classmethod
    def fit(cls, words: Words, tags: Words) -> Self:
        """Count; of tags that a word had equally often, the more frequent overall, then the first by letters.

        Args:
            words: of each sentence.
            tags: of each sentence, one a word.

        Raises:
            DataError: if there are no words, or not as many tags.
        """
        sizes = [list(map(len, sentences)) for sentences in (words, tags)]
        if sizes[0] != sizes[1]:
            raise DataError("majority tag: every sentence needs a tag for each of its words, and no more")
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for sentence, given in zip(words, tags, strict=True):
            for word, tag in zip(sentence, given, strict=True):
                counts[word][tag] += 1
        total = Counter(tag for given in tags for tag in given)
        if not total:
            raise DataError("majority tag: there are no words to learn from")
        ranked = sorted(total, key=lambda tag: (-total[tag], tag))
        return cls({word: max(ranked, key=n.__getitem__) for word, n in counts.items()}, ranked[0])

    def predict(self, words: Words) -> list[list[str]]:
        """Return the tags of the words of each sentence."""
        return [[self.tags.get(word, self.otherwise) for word in sentence] for sentence in words]
