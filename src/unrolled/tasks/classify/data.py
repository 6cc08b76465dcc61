"""Encoding of labelled sequences, and the split into training and held-out examples."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.arrays import Ids
from unrolled.data.labelled import Labelled
from unrolled.errors import DataError
from unrolled.tasks.classify.labels import Label, to_json
from unrolled.text.tokenizer import EOS_ID, UNK_ID, Tokenizer

END = np.array([EOS_ID], dtype=np.int64)
MAX_UNSEEN_FRACTION = 0.5
"""Largest fraction of examples with labels absent from the training data; beyond it, the data are refused."""
MAX_SHOWN_LABELS = 5
"""Largest number of labels that a message names."""


@dataclass(frozen=True)
class Examples:
    """Encoded sequences and labels."""

    rows: list[NDArray[Any]]
    """Token ids followed by ``<eos>``, (T,), or vectors, (T, I)."""
    labels: Ids
    """Label index of each row; negative for labels absent from the training data."""

    def __len__(self) -> int:
        return len(self.rows)

    def with_known_labels(self) -> "Examples":
        """Return the examples whose labels occur in the training data."""
        indices = np.flatnonzero(self.labels >= 0)
        return Examples([self.rows[i] for i in indices], self.labels[indices])

    def fingerprint(self) -> str:
        """Return the SHA-256 of all rows and labels. A resumed run uses it to check its data."""
        digest = hashlib.sha256(self.labels.tobytes())
        for row in self.rows:
            digest.update(len(row).to_bytes(8, "little") + row.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class ClassifierData:
    """Training and held-out examples, and information about them for the report."""

    train: Examples
    valid: Examples | None
    classes: list[Label]
    data_info: dict[str, Any]
    texts: tuple[Labelled, Labelled | None]
    """Training and held-out examples before encoding."""
    notes: tuple[str, ...] = ()
    """How the data were read, one line each."""

    @property
    def class_names(self) -> list[str]:
        """The labels as text."""
        return [str(label) for label in self.classes]


def encode(
    labelled: Labelled, tokenizer: Tokenizer | None, classes: list[Label], num_features: int
) -> Examples:
    """Return sequences as token ids (as vectors if ``tokenizer`` is None) and labels as indices.

    Labels that are not among the classes get negative indices, which no prediction equals.

    Raises:
        DataError: if vectors have a size other than ``num_features``.
    """
    indices = {label: i for i, label in enumerate(classes)}
    for label in labelled.labels:
        indices.setdefault(label, len(classes) - len(indices) - 1)
    labels = np.array([indices[label] for label in labelled.labels], dtype=np.int64)
    return Examples(encode_rows(labelled.items, tokenizer, num_features), labels)


def unseen_label_notes(labels: Sequence[Any], classes: Sequence[Label], source: str) -> list[str]:
    """Return a list with one note about labels that the training data lack; empty if there are none.

    The note counts the examples and names the labels.

    Raises:
        DataError: if most examples have such labels.
    """
    known = set(classes)
    unseen = [str(label) for label in labels if label not in known]
    if not unseen:
        return []
    distinct = sorted(set(unseen))
    more = ", …" if len(distinct) > MAX_SHOWN_LABELS else ""
    shown_labels = ", ".join(f"{label!r:.60}" for label in distinct[:MAX_SHOWN_LABELS]) + more
    if len(unseen) > MAX_UNSEEN_FRACTION * len(labels):
        raise DataError(
            f"{source}: most examples have labels that the training data lack ({shown_labels}); the known "
            f"labels are {', '.join(map(repr, classes[:20]))}"
        )
    return [
        f"{source}: {len(unseen):,} of {len(labels):,} examples "
        f"{'has a label' if len(unseen) == 1 else 'have labels'} that the training data lack "
        f"({shown_labels}): counted as wrong"
    ]


def encode_rows(items: list[Any], tokenizer: Tokenizer | None, num_features: int) -> list[NDArray[Any]]:
    """Return the model input: token ids (T,) of each text, or the vectors (T, I).

    Raises:
        DataError: for text if the classifier reads vectors and vice versa, or for vectors of another size.
    """
    for number, item in enumerate(items, 1):
        if isinstance(item, str) != (tokenizer is not None):
            needed = "vectors" if tokenizer is None else "text"
            raise DataError(f"item {number} is {type(item).__name__}: this classifier reads {needed}")
        if tokenizer is None and item.shape[1] != num_features:
            raise DataError(
                f"item {number} has vectors of {item.shape[1]} values; this classifier reads {num_features}"
            )
    if tokenizer is None:
        return list(items)
    return [np.concatenate([tokenizer.encode(text), END]) for text in items]


def hold_out(labels: list[Any], fraction: float, seed: int) -> tuple[Ids, Ids]:
    """Return the row numbers to train on, and those to hold out.

    A random ``fraction`` of the rows of each label is held out. The number is rounded, so a label with few
    rows may have none held out. At least one row of each label is kept for training.
    """
    rng = np.random.default_rng(seed)
    names = np.array([str(label) for label in labels])
    parts: list[Ids] = []
    for name in np.unique(names):
        rows = rng.permutation(np.flatnonzero(names == name))
        parts.append(rows[: min(round(fraction * len(rows)), len(rows) - 1)])
    held_out = np.sort(np.concatenate(parts)).astype(np.int64)
    return np.setdiff1d(np.arange(len(labels)), held_out), held_out


def split_train_held_out(labelled: Labelled, fraction: float, seed: int) -> tuple[Labelled, Labelled | None]:
    """Return the training part and the part that :func:`hold_out` selects, None if that is empty."""
    train, held_out = hold_out(labelled.labels, fraction, seed)
    return labelled.take(train), labelled.take(held_out) if len(held_out) else None


def describe(train: Examples, valid: Examples | None, classes: list[Label]) -> dict[str, Any]:
    """Return information about the examples for ``config.json`` and the report."""
    lengths = [len(row) for row in train.rows]
    is_text = train.rows[0].ndim == 1
    counts = np.bincount(train.with_known_labels().labels, minlength=len(classes))
    return {
        "examples": len(train),
        "held_out_examples": len(valid) if valid else 0,
        "classes": to_json(classes)[0],
        "class_counts": counts.tolist(),
        "longest": max(lengths),
        "mean_length": round(float(np.mean(lengths)), 2),
        "unknown": int(sum((row == UNK_ID).sum() for row in train.rows)) if is_text else 0,
        "features": 0 if is_text else train.rows[0].shape[1],
        "sha256": train.fingerprint(),
        "held_out_sha256": valid.fingerprint() if valid else "",
    }
