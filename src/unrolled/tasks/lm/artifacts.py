"""Artifacts of a language model."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

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
from unrolled.text import Tokenizer, tokenizer_from_json, tokenizer_to_json
from unrolled.training.records import Count
from unrolled.training.tensor_files import read_json


class _Values(msgspec.Struct):
    unknown: Count = 0
    unknown_share: Annotated[float, msgspec.Meta(ge=0, lt=1)] | None = None
    vector_size: Positive | None = None


@short_repr
@dataclass(frozen=True)
class LanguageArtifacts(Artifacts):
    """The tokenizer with its vocabulary, and statistics of unknown tokens."""

    tokenizer: Tokenizer
    unknown: int
    """Number of ``<unk>`` in the training text; a model trained on some has learned to score them."""
    unknown_share: float | None = None
    """Probability of ``<unk>`` in texts with unknown tokens, see :mod:`unrolled.unknown`; None in runs of
    earlier versions."""
    vector_size: int | None = None
    """Dimension of pretrained word vectors; None if there are none."""

    def write(self) -> Stored:
        """See :meth:`Artifacts.write`."""
        values = {
            "unknown": self.unknown,
            "unknown_share": self.unknown_share,
            "vector_size": self.vector_size,
        }
        return Stored(values, {TOKENIZER: tokenizer_to_json(self.tokenizer)})

    @classmethod
    def read(cls, values: dict[str, Any], folder: Path) -> Self:
        """See :meth:`Artifacts.read`."""
        stored = parse_artifact_values(values, _Values)
        tokenizer = tokenizer_from_json(read_json(folder / TOKENIZER))
        return cls(tokenizer, stored.unknown, stored.unknown_share, stored.vector_size)

    def check(self, config: Any) -> None:
        """See :meth:`Artifacts.check`."""
        check_vector_size(config.network, self.vector_size)
