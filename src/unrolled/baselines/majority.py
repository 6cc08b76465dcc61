"""Baseline for tagging without context: the most frequent tag of each word."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from unrolled.errors import DataError

Words = Sequence[Sequence[str]]


@dataclass(frozen=True)
class MajorityTag:
    """Tagger that gives every word its most frequent tag in training (Charniak et al. 1993)."""

    tags: dict[str, str]
    """Tag of each word; case matters."""
    otherwise: str
    """Tag of unknown words: the most frequent tag overall."""

    @classmethod
    def fit(cls, words: Words, tags: Words) -> Self:
        """Find the most frequent tag of each word.

        Ties go to the tag that is more frequent overall, then to the alphabetically first tag.

        Args:
            words: words of each sentence.
            tags: tags of each sentence, one per word.

        Raises:
            DataError: if there are no words, or the numbers of words and tags differ.
        """
        sizes = [list(map(len, sentences)) for sentences in (words, tags)]
        if sizes[0] != sizes[1]:
            raise DataError("majority tag: every sentence needs exactly one tag for each word")
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for sentence, sentence_tags in zip(words, tags, strict=True):
            for word, tag in zip(sentence, sentence_tags, strict=True):
                counts[word][tag] += 1
        total = Counter(tag for sentence_tags in tags for tag in sentence_tags)
        if not total:
            raise DataError("majority tag: there are no words to learn from")
        ranked = sorted(total, key=lambda tag: (-total[tag], tag))
        return cls({word: max(ranked, key=n.__getitem__) for word, n in counts.items()}, ranked[0])

    def predict(self, words: Words) -> list[list[str]]:
        """Return the tags of each sentence."""
        return [[self.tags.get(word, self.otherwise) for word in sentence] for sentence in words]
