"""Encoding of tagged sentences, and the split into training and held-out sentences."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from unrolled.arrays import Ids
from unrolled.data import IGNORE
from unrolled.data.padding import pad_arrays
from unrolled.data.tagged import Tagged
from unrolled.errors import DataError
from unrolled.models.sentence_arrays import SentenceArrays
from unrolled.tasks.tag.config import WordsConfig
from unrolled.tasks.tag.vocabularies import Vocabularies
from unrolled.text.tokenizer import UNK_ID
from unrolled.text.vocabulary import Vocabulary

MAX_UNSEEN_FRACTION = 0.5
"""Largest fraction of words with tags absent from the training data; beyond it, the data are refused."""


class EncodedSentences:
    """Sentences as indices of words, characters and tags.

    Args:
        words: words of each sentence; no sentence is empty.
        vocabularies: vocabularies of words and characters.
        tags: tag indices of each sentence, IGNORE for tags absent from the training data; None for sentences
            without tags, which get zeros.
        text: the sentences as text, for scores; None for sentences without tags.
    """

    def __init__(
        self,
        words: list[list[str]],
        vocabularies: Vocabularies,
        tags: list[Ids] | None = None,
        text: Tagged | None = None,
    ) -> None:
        self.text = text or Tagged(words, [[] for _ in words])
        self.words = [vocabularies.words.numbers(sentence) for sentence in words]
        self.tags = tags or [np.zeros(len(sentence), dtype=np.int64) for sentence in words]
        distinct: dict[str, int] = {}
        self._spelling_ids = [
            np.array([distinct.setdefault(word, len(distinct)) for word in sentence], dtype=np.int64)
            for sentence in words
        ]
        self._spellings = [vocabularies.characters.numbers(word) for word in distinct]

    def __len__(self) -> int:
        return len(self.words)

    @property
    def spellings(self) -> list[Ids]:
        """Character ids of each distinct word of all sentences."""
        return self._spellings

    def spelled_as(self, rows: Iterable[int]) -> Ids:
        """Return the index in ``spellings`` of each word of some of the sentences, (T, B)."""
        return pad_arrays([self._spelling_ids[int(i)] for i in rows])[0]

    @property
    def word_count(self) -> int:
        """Number of words in all sentences."""
        return sum(len(sentence) for sentence in self.words)

    def arrays(self, rows: Iterable[int]) -> SentenceArrays:
        """Return some of the sentences as one batch."""
        rows = [int(i) for i in rows]
        words, lengths = pad_arrays([self.words[i] for i in rows])
        ids, _ = pad_arrays([self._spelling_ids[i] for i in rows], int(self._spelling_ids[rows[0]][0]))
        in_batch, inverse = np.unique(ids, return_inverse=True)
        spellings, spelling_lengths = pad_arrays([self._spellings[i] for i in in_batch])
        kinds = inverse.reshape(ids.shape)
        return SentenceArrays(words, lengths, spellings, spelling_lengths, kinds)

    def fingerprint(self) -> str:
        """Return the SHA-256 of all words, spellings and tags, with which a resumed run checks its data."""
        digest = hashlib.sha256()
        for parts in zip(self.words, self._spelling_ids, self.tags, strict=True):
            for part in parts:
                digest.update(len(part).to_bytes(8, "little") + part.tobytes())
        for spelling in self._spellings:
            digest.update(len(spelling).to_bytes(8, "little") + spelling.tobytes())
        return digest.hexdigest()

    def count_unseen(self) -> int:
        """Return the number of words whose tag is absent from the training data."""
        return int(sum((tags == IGNORE).sum() for tags in self.tags))


@dataclass(frozen=True)
class TaggerData:
    """Training and held-out sentences, and information about them for the report."""

    train: EncodedSentences
    valid: EncodedSentences | None
    tags: list[str]
    data_info: dict[str, Any]
    notes: tuple[str, ...] = ()
    """See :class:`TaskData`."""


def split_train_held_out(tagged: Tagged, fraction: float) -> tuple[Tagged, Tagged | None]:
    """Return the training sentences, and the last sentences as held-out data, at least one.

    A single sentence is kept for training; the held-out data are then None.
    """
    count = len(tagged.words)
    if count < 2:
        return tagged, None
    cut = count - min(max(int(count * fraction), 1), count - 1)
    rows = list(range(count))
    return tagged.take(rows[:cut]), tagged.take(rows[cut:])


def learn_vocabularies(
    sentences: list[list[str]], tags: list[list[str]], config: WordsConfig
) -> Vocabularies:
    """Return the words, characters and tags of training sentences."""
    words = (word for sentence in sentences for word in sentence)
    characters = (character for sentence in sentences for word in sentence for character in word)
    return Vocabularies(
        words=Vocabulary.learn(words, min_frequency=config.min_frequency, lowercase=config.lowercase),
        characters=Vocabulary.learn(characters),
        tags=sorted({tag for sentence in tags for tag in sentence}),
    )


def encode_tagged(
    tagged: Tagged, vocabularies: Vocabularies, source: str, max_unseen_fraction: float = MAX_UNSEEN_FRACTION
) -> EncodedSentences:
    """Return sentences and tags as indices; tags absent from the training data become IGNORE.

    Args:
        tagged: tagged sentences.
        vocabularies: vocabularies of the training data.
        source: name of the data, for messages.
        max_unseen_fraction: largest fraction of words with tags absent from the training data.

    Raises:
        DataError: if a larger fraction of words has such tags.
    """
    indices = {tag: i for i, tag in enumerate(vocabularies.tags)}
    tags = [np.array([indices.get(t, IGNORE) for t in sentence], dtype=np.int64) for sentence in tagged.tags]
    encoded = EncodedSentences(tagged.words, vocabularies, tags, tagged)
    if encoded.count_unseen() > max_unseen_fraction * encoded.word_count:
        unknown = sorted({tag for sentence in tagged.tags for tag in sentence} - indices.keys())
        raise DataError(
            f"{source}: most words have tags that the training data lack ({', '.join(unknown[:5])}); the "
            f"known tags are {', '.join(vocabularies.tags[:30])}"
        )
    return encoded


def describe(
    train: EncodedSentences, valid: EncodedSentences | None, vocabularies: Vocabularies
) -> dict[str, Any]:
    """Return information about the sentences for ``config.json`` and the report."""
    return {
        "sentences": len(train),
        "words": train.word_count,
        "held_out_sentences": len(valid) if valid else 0,
        "unknown": int(sum((sentence == UNK_ID).sum() for sentence in train.words)),
        "vocabulary": len(vocabularies.words),
        "characters": len(vocabularies.characters),
        "tags": vocabularies.tags,
        "sha256": train.fingerprint(),
        "held_out_sha256": valid.fingerprint() if valid else "",
    }
