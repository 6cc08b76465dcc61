"""The artifacts of a translator: all that rebuilds it besides its configuration and weights."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import msgspec

from unrolled.short_repr import short_repr
from unrolled.tasks.base.artifacts import Artifacts, Positive, Stored, parse_artifact_values
from unrolled.tasks.base.folder import TOKENIZER
from unrolled.tasks.translate.data import UnknownCounts
from unrolled.tasks.translate.limit import OutputLimit
from unrolled.text import PairTokenizer
from unrolled.training.tensor_files import read_json


class _Values(msgspec.Struct):
    unknown: UnknownCounts
    target_words: Positive
    limit: OutputLimit | None = None
    unknown_share: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0


@short_repr
@dataclass(frozen=True)
class TranslatorArtifacts(Artifacts):
    """The vocabularies, and statistics of the training pairs."""

    tokenizer: PairTokenizer
    unknown: UnknownCounts
    target_words: int
    """Mean number of words of a target; the baseline of a score outputs this many words of the source."""
    limit: OutputLimit | None = None
    """Limit on the length of outputs; None for models of earlier versions."""
    unknown_share: float = 0.0
    """Weight of ``<unk>`` when targets with unknown tokens are scored; see :mod:`unrolled.unknown`."""

    def write(self) -> Stored:
        """See :meth:`Artifacts.write`."""
        limit = None if self.limit is None else asdict(self.limit)
        values = {
            "unknown": asdict(self.unknown),
            "target_words": self.target_words,
            "limit": limit,
            "unknown_share": self.unknown_share,
        }
        return Stored(values, {TOKENIZER: self.tokenizer.to_json()})

    @classmethod
    def read(cls, values: dict[str, Any], folder: Path) -> Self:
        """See :meth:`Artifacts.read`."""
        stored = parse_artifact_values(values, _Values)
        tokenizer = PairTokenizer.from_json(read_json(folder / TOKENIZER))
        return cls(tokenizer, stored.unknown, stored.target_words, stored.limit, stored.unknown_share)
