"""Tokenisers for two sides of a text, joint or each its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from unrolled.reading import convert
from unrolled.text.build import TextConfig, tokenizer_from_json, tokenizer_to_json, train_tokenizer
from unrolled.text.tokenizer import Ids, Tokenizer


class _Joint(msgspec.Struct, forbid_unknown_fields=True):
    joint: dict[str, Any]


class _Apart(msgspec.Struct, forbid_unknown_fields=True):
    source: dict[str, Any]
    target: dict[str, Any]


@dataclass(frozen=True)
class PairTokenizer:
    """How source and target become tokens; with one vocabulary both are the same object.

    A text of pieces begins with a space, so that its first word is spelt as it is elsewhere.
    """

    source: Tokenizer
    target: Tokenizer

    @classmethod
    def train(
        cls, config: TextConfig, sources: Sequence[str], targets: Sequence[str], *, joint: bool
    ) -> "PairTokenizer":
        """Build the vocabularies of training texts."""
        opened = [[_open(config.tokenizer, text) for text in side] for side in (sources, targets)]
        if joint:
            both = train_tokenizer(config, [*opened[0], *opened[1]])
            return cls(both, both)
        return cls(train_tokenizer(config, opened[0]), train_tokenizer(config, opened[1]))

    @property
    def joint(self) -> bool:
        """Whether both sides have one vocabulary."""
        return self.source is self.target

    def encode_source(self, text: str) -> Ids:
        """Return token numbers of a source."""
        return self.source.encode(_open(self.source.kind, text))

    def encode_target(self, text: str) -> Ids:
        """Return token numbers of a target."""
        return self.target.encode(_open(self.target.kind, text))

    def decode_target(self, ids: Sequence[int]) -> str:
        """Return the text of token numbers without ``<eos>``."""
        text = self.target.decode(ids)
        return text.strip() if self.target.kind == "bpe" else text

    def to_json(self) -> dict[str, Any]:
        """Return everything that :meth:`from_json` needs."""
        if self.joint:
            return {"joint": tokenizer_to_json(self.source)}
        return {"source": tokenizer_to_json(self.source), "target": tokenizer_to_json(self.target)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "PairTokenizer":
        """Rebuild from :meth:`to_json`; raises ValueError if it is damaged."""
        if "joint" in values:
            both = tokenizer_from_json(convert(values, _Joint).joint)
            return cls(both, both)
        apart = convert(values, _Apart)
        return cls(tokenizer_from_json(apart.source), tokenizer_from_json(apart.target))


def _open(kind: str, text: str) -> str:
    return " " + text if kind == "bpe" and text else text
