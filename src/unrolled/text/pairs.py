"""Tokenisers for source and target texts, with a joint vocabulary or one per side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from unrolled.arrays import Ids
from unrolled.reading import convert
from unrolled.text.build import TextConfig, tokenizer_from_json, tokenizer_to_json, train_tokenizer
from unrolled.text.tokenizer import Tokenizer


class _Joint(msgspec.Struct, forbid_unknown_fields=True):
    joint: dict[str, Any]


class _Separate(msgspec.Struct, forbid_unknown_fields=True):
    source: dict[str, Any]
    target: dict[str, Any]


@dataclass(frozen=True)
class PairTokenizer:
    """Tokenisers of source and target; with a joint vocabulary both are the same object.

    With BPE, every text is prefixed with a space, so that its first word gets the same tokens as elsewhere.
    """

    source: Tokenizer
    target: Tokenizer

    @classmethod
    def train(
        cls, config: TextConfig, sources: Sequence[str], targets: Sequence[str], *, joint: bool
    ) -> "PairTokenizer":
        """Build the vocabularies from training texts."""
        sides = [[_add_leading_space(config.tokenizer, text) for text in side] for side in (sources, targets)]
        if joint:
            shared = train_tokenizer(config, [*sides[0], *sides[1]])
            return cls(shared, shared)
        return cls(train_tokenizer(config, sides[0]), train_tokenizer(config, sides[1]))

    @property
    def joint(self) -> bool:
        """True if both sides share one vocabulary."""
        return self.source is self.target

    def encode_source(self, text: str) -> Ids:
        """Return the token ids of a source text."""
        return self.source.encode(_add_leading_space(self.source.kind, text))

    def encode_target(self, text: str) -> Ids:
        """Return the token ids of a target text."""
        return self.target.encode(_add_leading_space(self.target.kind, text))

    def decode_target(self, ids: Sequence[int]) -> str:
        """Return the text of token ids; ``ids`` must not contain ``<eos>``."""
        text = self.target.decode(ids)
        return text.strip() if self.target.kind == "bpe" else text

    def to_json(self) -> dict[str, Any]:
        """Return the JSON data that :meth:`from_json` reads."""
        if self.joint:
            return {"joint": tokenizer_to_json(self.source)}
        return {"source": tokenizer_to_json(self.source), "target": tokenizer_to_json(self.target)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "PairTokenizer":
        """Rebuild from the data of :meth:`to_json`; raise ValueError if they are damaged."""
        if "joint" in values:
            shared = tokenizer_from_json(convert(values, _Joint).joint)
            return cls(shared, shared)
        separate = convert(values, _Separate)
        return cls(tokenizer_from_json(separate.source), tokenizer_from_json(separate.target))


def _add_leading_space(kind: str, text: str) -> str:
    return " " + text if kind == "bpe" and text else text
