"""The artifacts of a tagger: all that rebuilds it besides its configuration and weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

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
from unrolled.tasks.tag.vocabularies import Vocabularies
from unrolled.text.vocabulary import Vocabulary
from unrolled.training.tensor_files import read_json_as


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
    """The vocabularies of words and characters, and the tags."""

    vocabularies: Vocabularies
    vector_size: int | None = None
    """Size of the pretrained word vectors; None without them."""

    def write(self) -> Stored:
        """See :meth:`Artifacts.write`."""
        file = {
            "kind": "tagger",
            "words": self.vocabularies.words.to_json(),
            "characters": self.vocabularies.characters.to_json(),
            "tags": self.vocabularies.tags,
        }
        return Stored({"vector_size": self.vector_size}, {TOKENIZER: file})

    @classmethod
    def read(cls, values: dict[str, Any], folder: Path) -> Self:
        """See :meth:`Artifacts.read`."""
        stored = parse_artifact_values(values, _Values)
        file = read_json_as(folder / TOKENIZER, _File)
        words, characters = Vocabulary.from_json(file.words), Vocabulary.from_json(file.characters)
        return cls(Vocabularies(words, characters, file.tags), stored.vector_size)

    def check(self, config: Any) -> None:
        """See :meth:`Artifacts.check`."""
        check_vector_size(config.network, self.vector_size)
