"""What a translator needs to be built again."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import msgspec

from unrolled.short_repr import short_repr
from unrolled.tasks.base.artifacts import Artifacts, Positive, Stored, artifact_values
from unrolled.tasks.base.folder import TOKENIZER
from unrolled.tasks.translate.data import SidesUnknown
from unrolled.tasks.translate.limit import OutputLimit
from unrolled.text import PairTokenizer
from unrolled.training.files import read_json


class _Values(msgspec.Struct):
    unknown: SidesUnknown
    target_words: Positive
    limit: OutputLimit | None = None
    unknown_share: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.0


@short_repr
@dataclass(frozen=True)
class TranslatorArtifacts(Artifacts):
    """The vocabularies, and what is known about the training pairs."""

    tokenizer: PairTokenizer
    unknown: SidesUnknown
    target_words: int
    """Words of a target, on average; so many words of the source are the baseline of a score."""
    limit: OutputLimit | None = None
    """Length of outputs; None for models of earlier versions."""
    unknown_share: float = 0.0
    """Of ``<unk>`` where targets hold unknown tokens; see :mod:`unrolled.unknown`."""

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
        known = artifact_values(values, _Values)
        tokenizer = PairTokenizer.from_json(read_json(folder / TOKENIZER))
        return cls(tokenizer, known.unknown, known.target_words, known.limit, known.unknown_share)
