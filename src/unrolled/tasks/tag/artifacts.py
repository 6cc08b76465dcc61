"""What a tagger needs to be built again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import msgspec

from unrolled.short_repr import short_repr
from unrolled.tasks.base.artifacts import Artifacts, Positive, Stored, artifact_values, check_vector_size
from unrolled.tasks.base.folder import TOKENIZER
from unrolled.tasks.tag.data import Numbering
from unrolled.text.vocabulary import Vocabulary
from unrolled.training.files import read_json_as


class _Values(msgspec.Struct):
    vector_size: Positive | None = None


class _File(msgspec.Struct, forbid_unknown_fields=True):
    words: dict[str, Any]
    characters: dict[str, Any]
    tags: list[str]
    kind: Literal["tagger"] = "tagger"


@short_repr
@dataclass(frozen=True)
class TaggerArtifacts(Artifacts):
    """The words, characters and tags of the training data."""

    numbering: Numbering
    vector_size: int | None = None
    """Of word vectors that were given."""

    def write(self) -> Stored:
        """See :meth:`Artifacts.write`."""
        numbers = self.numbering
        vocabularies = {
            "kind": "tagger",
            "words": numbers.words.to_json(),
            "characters": numbers.characters.to_json(),
            "tags": numbers.tags,
        }
        return Stored({"vector_size": self.vector_size}, {TOKENIZER: vocabularies})

    @classmethod
    def read(cls, values: dict[str, Any], folder: Path) -> Self:
        """See :meth:`Artifacts.read`."""
        known = artifact_values(values, _Values)
        file = read_json_as(folder / TOKENIZER, _File)
        words, characters = Vocabulary.from_json(file.words), Vocabulary.from_json(file.characters)
        return cls(Numbering(words, characters, file.tags), known.vector_size)

    def check(self, config: Any) -> None:
        """See :meth:`Artifacts.check`."""
        check_vector_size(config.network, self.vector_size)
