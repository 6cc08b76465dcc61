"""From tagged sentences to what a tagger is trained and scored on."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.data import IGNORE
from unrolled.data.buckets import buckets
from unrolled.data.ragged import pad
from unrolled.data.tagged import Tagged
from unrolled.errors import DataError
from unrolled.models.tagger import Sentences
from unrolled.tasks.tag.config import WordsConfig
from unrolled.text.tokenizer import UNK_ID, Ids
from unrolled.text.vocabulary import Vocabulary

MOST_UNSEEN = 0.5
"""Share of words with unknown tags up to which sentences are scored; with more they are refused."""


@dataclass(frozen=True)
class TaggedBatch:
    """Sentences, and their tags (T, B)."""

    sentences: Sentences
    tags: Tensor

    def first_rows(self, rows: int) -> "TaggedBatch":
        """Return the first sentences, without steps past the end of the longest of them."""
        sentences = self.sentences.first_rows(rows)
        return TaggedBatch(sentences, self.tags[: len(sentences.words), :rows])


@dataclass(frozen=True)
class Numbering:
    """The words, characters and tags that a tagger knows."""

    words: Vocabulary
    characters: Vocabulary
    tags: list[str]


class EncodedSentences:
    """Sentences as numbers.

    Args:
        words: of each sentence, none empty.
        numbering: of words and characters.
        tags: numbers of the tags, IGNORE for one that is not known; zeros where only words are known.
        text: the sentences as they are written, for scores; None where only words are known.
    """

    def __init__(
        self,
        words: list[list[str]],
        numbering: Numbering,
        tags: list[Ids] | None = None,
        text: Tagged | None = None,
    ) -> None:
        self.text = text or Tagged(words, [[] for _ in words])
        self.words = [numbering.words.numbers(sentence) for sentence in words]
        self.tags = tags or [np.zeros(len(sentence), dtype=np.int64) for sentence in words]
        kinds: dict[str, int] = {}
        self._kinds = [
            np.array([kinds.setdefault(word, len(kinds)) for word in sentence], dtype=np.int64)
            for sentence in words
        ]
        self._spellings = [numbering.characters.numbers(word) for word in kinds]

    def __len__(self) -> int:
        return len(self.words)

    @property
    def word_count(self) -> int:
        """Number of words in all sentences."""
        return sum(len(sentence) for sentence in self.words)

    def batches(self, size: int, seed: int | None = None) -> Iterator[tuple[NDArray[np.int64], TaggedBatch]]:
        """Yield the numbers of the sentences, and the batch; in the order of :func:`buckets`."""
        for chosen in buckets([len(s) for s in self.words], size, seed):
            yield chosen, self._batch([int(i) for i in chosen])

    def _batch(self, rows: list[int]) -> TaggedBatch:
        words, lengths = pad([self.words[i] for i in rows])
        tags, _ = pad([self.tags[i] for i in rows], IGNORE)
        kinds, _ = pad([self._kinds[i] for i in rows], int(self._kinds[rows[0]][0]))
        present, local = np.unique(kinds.numpy(), return_inverse=True)
        spellings, spelling_lengths = pad([self._spellings[k] for k in present])
        which = torch.from_numpy(local.reshape(kinds.shape))
        return TaggedBatch(Sentences(words, lengths, spellings, spelling_lengths, which), tags)

    def fingerprint(self) -> str:
        """Return the SHA-256 of all words, spellings and tags, by which a resumed run knows its data."""
        digest = hashlib.sha256()
        for parts in zip(self.words, self._kinds, self.tags, strict=True):
            for part in parts:
                digest.update(len(part).to_bytes(8, "little") + part.tobytes())
        for spelling in self._spellings:
            digest.update(len(spelling).to_bytes(8, "little") + spelling.tobytes())
        return digest.hexdigest()

    def unseen(self) -> int:
        """Return the number of words whose tag is not known."""
        return int(sum((tags == IGNORE).sum() for tags in self.tags))


@dataclass(frozen=True)
class TaggerData:
    """Training and held-out sentences, and facts about them for the report."""

    train: EncodedSentences
    valid: EncodedSentences | None
    tags: list[str]
    facts: dict[str, Any]
    notes: tuple[str, ...] = ()
    """See :class:`Material`."""


def divide(tagged: Tagged, fraction: float) -> tuple[Tagged, Tagged | None]:
    """Return what to train on, and the last sentences to hold out: at least one, but None of a single one."""
    count = len(tagged.words)
    if count < 2:
        return tagged, None
    cut = count - min(max(int(count * fraction), 1), count - 1)
    rows = list(range(count))
    return tagged.take(rows[:cut]), tagged.take(rows[cut:])


def learn_numbering(sentences: list[list[str]], tags: list[list[str]], config: WordsConfig) -> Numbering:
    """Return the words, characters and tags of training sentences."""
    words = (word for sentence in sentences for word in sentence)
    characters = (sign for sentence in sentences for word in sentence for sign in word)
    return Numbering(
        words=Vocabulary.learn(words, min_frequency=config.min_frequency, lowercase=config.lowercase),
        characters=Vocabulary.learn(characters),
        tags=sorted({tag for sentence in tags for tag in sentence}),
    )


def encode_tagged(
    tagged: Tagged, numbering: Numbering, source: str, most_unseen: float = MOST_UNSEEN
) -> EncodedSentences:
    """Return sentences and tags as numbers; tags that training had not cannot be predicted.

    Args:
        tagged: sentences.
        numbering: of training.
        source: name of the data, for messages.
        most_unseen: share of words with unknown tags up to which sentences are taken.

    Raises:
        DataError: if more words have a tag that is not known.
    """
    numbers = {tag: i for i, tag in enumerate(numbering.tags)}
    tags = [np.array([numbers.get(t, IGNORE) for t in sentence], dtype=np.int64) for sentence in tagged.tags]
    encoded = EncodedSentences(tagged.words, numbering, tags, tagged)
    if encoded.unseen() > most_unseen * encoded.word_count:
        unknown = sorted({tag for sentence in tagged.tags for tag in sentence} - numbers.keys())
        raise DataError(
            f"{source}: most words have tags that the training data lack ({', '.join(unknown[:5])}); known "
            f"are {', '.join(numbering.tags[:30])}"
        )
    return encoded


def describe(train: EncodedSentences, valid: EncodedSentences | None, numbering: Numbering) -> dict[str, Any]:
    """Return facts about the sentences for ``config.json`` and the report."""
    return {
        "sentences": len(train),
        "words": train.word_count,
        "held_out_sentences": len(valid) if valid else 0,
        "unknown": int(sum((sentence == UNK_ID).sum() for sentence in train.words)),
        "vocabulary": len(numbering.words),
        "characters": len(numbering.characters),
        "tags": numbering.tags,
        "sha256": train.fingerprint(),
        "held_out_sha256": valid.fingerprint() if valid else "",
    }
