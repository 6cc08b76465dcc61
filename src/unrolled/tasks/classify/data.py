"""From labelled sequences to what a classifier is trained and scored on."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.data import Labelled
from unrolled.data.buckets import buckets
from unrolled.data.ragged import pad
from unrolled.errors import DataError
from unrolled.tasks.base.sample import SampleSize
from unrolled.tasks.classify.labels import Label, to_json
from unrolled.text import EOS_ID, UNK_ID, Tokenizer

Numbers = NDArray[np.int64]
END = np.array([EOS_ID], dtype=np.int64)
MOST_UNSEEN = 0.5
"""Share of examples with labels that training had not, up to which data are scored."""
SHOWN = 5


@dataclass(frozen=True)
class LabelledBatch:
    """Sequences (T, B) or (T, B, I), their lengths (B,), and the number of the label of each (B,)."""

    sequences: Tensor
    lengths: Tensor
    labels: Tensor

    def first_rows(self, rows: int) -> "LabelledBatch":
        """Return the first sequences, without steps past the end of the longest of them."""
        lengths = self.lengths[:rows]
        return LabelledBatch(self.sequences[: int(lengths.max()), :rows], lengths, self.labels[:rows])


@dataclass(frozen=True)
class Examples:
    """Encoded sequences: token numbers with ``<eos>`` behind, or vectors (T, I); and numbers of labels."""

    rows: list[NDArray[Any]]
    labels: Numbers
    """Number of the label of each row; below 0 for labels that training had not."""

    def __len__(self) -> int:
        return len(self.rows)

    def batches(self, size: int, seed: int | None = None) -> Iterator[tuple[Numbers, LabelledBatch]]:
        """Yield the numbers of the rows, and the batch; in the order of :func:`unrolled.data.buckets`."""
        for chosen in buckets([len(row) for row in self.rows], size, seed):
            sequences, lengths = pad([self.rows[i] for i in chosen], EOS_ID)
            yield chosen, LabelledBatch(sequences, lengths, torch.from_numpy(self.labels[chosen]))

    def known(self) -> "Examples":
        """Return the examples whose labels training had."""
        kept = np.flatnonzero(self.labels >= 0)
        return Examples([self.rows[i] for i in kept], self.labels[kept])

    def fingerprint(self) -> str:
        """Return the SHA-256 of all rows and labels, by which a resumed run knows its data."""
        digest = hashlib.sha256(self.labels.tobytes())
        for row in self.rows:
            digest.update(len(row).to_bytes(8, "little") + row.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class ClassifierData:
    """Training and held-out examples, and facts about them for the report."""

    train: Examples
    valid: Examples | None
    classes: list[Label]
    facts: dict[str, Any]
    texts: tuple[Labelled, Labelled | None]
    """Training and held-out examples as they were read."""
    notes: tuple[str, ...] = ()
    """See :class:`Material`."""

    @property
    def class_names(self) -> list[str]:
        """The labels as text."""
        return [str(label) for label in self.classes]


def encode(labelled: Labelled, tokenizer: Tokenizer | None, classes: list[Label], features: int) -> Examples:
    """Return token numbers (or the vectors as they are, without a tokenizer) and numbers of labels.

    Labels that are not among the classes have numbers below 0, which no prediction equals.

    Raises:
        DataError: if vectors have another size.
    """
    numbers = {label: i for i, label in enumerate(classes)}
    for label in labelled.labels:
        numbers.setdefault(label, len(classes) - len(numbers) - 1)
    labels = np.array([numbers[label] for label in labelled.labels], dtype=np.int64)
    return Examples(encode_rows(labelled.items, tokenizer, features), labels)


def note_unseen(labels: Sequence[Any], classes: Sequence[Label], source: str) -> list[str]:
    """Return a note that counts and names the labels that training had not; none if there are none.

    Raises:
        DataError: if most examples have such labels.
    """
    known = set(classes)
    unseen = [str(label) for label in labels if label not in known]
    if not unseen:
        return []
    kinds = sorted(set(unseen))
    names = ", ".join(f"{kind!r:.60}" for kind in kinds[:SHOWN]) + (", …" if len(kinds) > SHOWN else "")
    if len(unseen) > MOST_UNSEEN * len(labels):
        raise DataError(
            f"{source}: most examples have labels that the training data lack ({names}); known are "
            f"{', '.join(map(repr, classes[:20]))}"
        )
    return [
        f"{source}: {len(unseen):,} of {len(labels):,} examples have labels that the training data lack "
        f"({names}): counted as wrong"
    ]


def encode_rows(items: list[Any], tokenizer: Tokenizer | None, features: int) -> list[NDArray[Any]]:
    """Return what the model reads of texts or of vectors (T, I).

    Raises:
        DataError: for text where vectors are needed and the other way round, or vectors of another size.
    """
    for number, item in enumerate(items, 1):
        if isinstance(item, str) != (tokenizer is not None):
            needed = "vectors" if tokenizer is None else "text"
            raise DataError(f"item {number} is {type(item).__name__}: this classifier reads {needed}")
        if tokenizer is None and item.shape[1] != features:
            raise DataError(
                f"item {number} has vectors of {item.shape[1]} values; this classifier reads {features}"
            )
    if tokenizer is None:
        return list(items)
    return [np.concatenate([tokenizer.encode(text), END]) for text in items]


def hold_out(labels: list[Any], fraction: float, seed: int) -> tuple[Numbers, Numbers]:
    """Return the numbers of the rows to train on and to hold out: ``fraction`` of each label, at random.

    A label of which that is less than half a row is trained on alone.
    """
    rng = np.random.default_rng(seed)
    kinds = np.array([str(label) for label in labels])
    held: list[Numbers] = []
    for kind in np.unique(kinds):
        rows = rng.permutation(np.flatnonzero(kinds == kind))
        held.append(rows[: min(round(fraction * len(rows)), len(rows) - 1)])
    out = np.sort(np.concatenate(held)).astype(np.int64)
    return np.setdiff1d(np.arange(len(labels)), out), out


def divide(labelled: Labelled, fraction: float, seed: int) -> tuple[Labelled, Labelled | None]:
    """Return what to train on and what :func:`hold_out` holds out, None if that is nothing."""
    train, out = hold_out(labelled.labels, fraction, seed)
    return labelled.take(train), labelled.take(out) if len(out) else None


def cut_batch(examples: Examples, size: SampleSize) -> LabelledBatch:
    """Return the first examples as one batch, each cut after so many steps."""
    rows = [row[: size.steps] for row in examples.rows[: size.rows]]
    _, batch = next(Examples(rows, examples.labels[: size.rows]).batches(size.rows))
    return batch


def describe(train: Examples, valid: Examples | None, classes: list[Label]) -> dict[str, Any]:
    """Return facts about the examples for ``config.json`` and the report."""
    lengths = [len(row) for row in train.rows]
    text = train.rows[0].ndim == 1
    counts = np.bincount(train.known().labels, minlength=len(classes))
    return {
        "examples": len(train),
        "held_out_examples": len(valid) if valid else 0,
        "classes": to_json(classes)[0],
        "class_counts": counts.tolist(),
        "longest": max(lengths),
        "mean_length": round(float(np.mean(lengths)), 2),
        "unknown": int(sum((row == UNK_ID).sum() for row in train.rows)) if text else 0,
        "features": 0 if text else train.rows[0].shape[1],
        "sha256": train.fingerprint(),
        "held_out_sha256": valid.fingerprint() if valid else "",
    }
