"""The artifacts of a classifier: all that rebuilds it besides its configuration and weights."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import msgspec

from unrolled.short_repr import short_repr
from unrolled.tasks.base.artifacts import (
    Artifacts,
    Positive,
    Stored,
    check_vector_size,
    parse_artifact_values,
)
from unrolled.tasks.base.folder import TOKENIZER
from unrolled.tasks.classify.labels import Kind, Label, from_json, to_json
from unrolled.text import Tokenizer, tokenizer_from_json, tokenizer_to_json
from unrolled.training.records import Count
from unrolled.training.tensor_files import read_json


class _Values(msgspec.Struct):
    classes: list[str | int | float | bool]
    features: Count
    vector_size: Positive | None = None
    label_kind: Kind = ""

    def __post_init__(self) -> None:
        if any(isinstance(c, float) and not math.isfinite(c) for c in self.classes):
            raise ValueError("a label among classes is not finite")
        if len({type(c) is str for c in self.classes}) != 1 or len(set(self.classes)) != len(self.classes):
            raise ValueError("classes must be distinct labels of one kind")


@short_repr
@dataclass(frozen=True)
class ClassifierArtifacts(Artifacts):
    """The labels, and the tokenizer or the size of the input vectors."""

    classes: list[Label]
    tokenizer: Tokenizer | None
    """None for sequences of vectors."""
    features: int
    """Size of an input vector; 0 for texts."""
    vector_size: int | None = None
    """Size of the pretrained word vectors; None without them."""

    @property
    def class_names(self) -> list[str]:
        """The labels as text."""
        return [str(label) for label in self.classes]

    def write(self) -> Stored:
        """See :meth:`Artifacts.write`."""
        classes, kind = to_json(self.classes)
        values = {"classes": classes, "features": self.features, "vector_size": self.vector_size}
        values |= {"label_kind": kind} if kind else {}
        files = {TOKENIZER: tokenizer_to_json(self.tokenizer)} if self.tokenizer else {}
        return Stored(values, files)

    @classmethod
    def read(cls, values: dict[str, Any], folder: Path) -> Self:
        """See :meth:`Artifacts.read`."""
        stored = parse_artifact_values(values, _Values)
        tokenizer = None if stored.features else tokenizer_from_json(read_json(folder / TOKENIZER))
        classes = from_json(stored.classes, stored.label_kind)
        return cls(classes, tokenizer, stored.features, stored.vector_size)

    def check(self, config: Any) -> None:
        """See :meth:`Artifacts.check`."""
        check_vector_size(config.network, self.vector_size)
