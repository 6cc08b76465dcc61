"""Byte-pair encoding over bytes, by the ``tokenizers`` library: no text is ever unknown."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import numpy as np
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

from unrolled.text.tokenizer import EOS, EOS_ID, UNK, Ids, Tokenizer

_UNFINISHED = "\ufffd"  # what a decoder shows for the first bytes of a character


class SubwordTokenizer(Tokenizer):
    """Byte-level BPE (Sennrich et al. 2016): frequent pairs of pieces are merged into new pieces."""

    kind: ClassVar[str] = "bpe"
    ends_lines: ClassVar[bool] = False

    def __init__(self, inner: tokenizers.Tokenizer) -> None:
        if inner.token_to_id(EOS) != EOS_ID:
            raise ValueError("a BPE vocabulary must begin with <eos>")
        self._inner = inner

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        *,
        size: int = 2000,
        min_frequency: int = 2,
        lowercase: bool = False,
    ) -> "SubwordTokenizer":
        """Merge pairs that occur at least ``min_frequency`` times until there are ``size`` tokens."""
        inner = tokenizers.Tokenizer(models.BPE())
        if lowercase:
            inner.normalizer = normalizers.Lowercase()
        inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        inner.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            min_frequency=min_frequency,
            special_tokens=[EOS, UNK],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        inner.train_from_iterator(texts, trainer)
        return cls(inner)

    @property
    def tokens(self) -> list[str]:
        """See :attr:`Tokenizer.tokens`; pieces are written in the library's byte alphabet."""
        by_id = sorted(self._inner.get_vocab().items(), key=lambda item: item[1])
        return [token for token, _ in by_id]

    @property
    def size(self) -> int:
        """See :attr:`Tokenizer.size`."""
        return self._inner.get_vocab_size()

    def encode(self, text: str) -> Ids:
        """See :meth:`Tokenizer.encode`."""
        return np.array(self._inner.encode(text, add_special_tokens=False).ids, dtype=np.int64)

    def pieces(self, ids: Iterable[int]) -> Iterator[str]:
        """See :meth:`Tokenizer.pieces`; bytes are held back until they make whole characters."""
        waiting: list[int] = []
        for i in ids:
            if i == EOS_ID:
                yield self._inner.decode(waiting) + "\n"
                waiting = []
                continue
            waiting.append(i)
            text = self._inner.decode(waiting)
            if not text.endswith(_UNFINISHED) or len(waiting) > 3:
                yield text
                waiting = []
        if waiting:
            yield self._inner.decode(waiting)

    def unknown(self, text: str) -> list[str]:
        """See :meth:`Tokenizer.unknown`: nothing, every byte is a token."""
        return []

    def to_json(self) -> dict[str, Any]:
        """See :meth:`Tokenizer.to_json`."""
        return {"model": json.loads(self._inner.to_str())}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "SubwordTokenizer":
        """See :meth:`Tokenizer.from_json`."""
        try:
            return cls(tokenizers.Tokenizer.from_str(json.dumps(values["model"])))
        except Exception as error:  # the library raises bare Exception
            raise ValueError(f"not a BPE model: {error}") from error
