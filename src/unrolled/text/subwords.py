"""Byte-level BPE tokeniser, built on the ``tokenizers`` library; every text can be encoded."""

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
import tokenizers
from tokenizers import pre_tokenizers, trainers

from unrolled.arrays import Ids
from unrolled.text.bpe_file import make_pipeline, pipeline_from_json
from unrolled.text.incremental import IncrementalText
from unrolled.text.long_runs import cut_long_runs
from unrolled.text.tokenizer import EOS, EOS_ID, UNK, UNK_ID, Tokenizer

_SURROGATES = re.compile("([\ud800-\udfff])")


def _byte_alphabet() -> dict[str, int]:
    """Return the characters that represent bytes in byte-level BPE (Radford et al. 2019).

    A printable byte is represented by the character with its code; the others by characters from 256 on.
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    unprintable = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(256 + n): b for n, b in enumerate(unprintable)}


class _SubwordText(IncrementalText):
    def __init__(self, tokens: list[bytes]) -> None:
        self._tokens, self._decoder = tokens, codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, ids: Iterable[int]) -> str:
        """See :meth:`IncrementalText.push`."""
        return "".join(map(self._piece, ids))

    def finish(self) -> str:
        """See :meth:`IncrementalText.finish`."""
        return self._decoder.decode(b"", final=True)

    def _piece(self, token: int) -> str:
        if token in (EOS_ID, UNK_ID):
            return self.finish() + ("\n" if token == EOS_ID else "\ufffd")
        return self._decoder.decode(self._tokens[token - 2])


class SubwordTokenizer(Tokenizer):
    """Byte-level BPE (Sennrich et al. 2016): frequent pairs of tokens are merged into new tokens.

    The library numbers its tokens from 0. Here their ids are larger by 2, after ``<eos>`` and ``<unk>``,
    which no text can produce.
    """

    kind: ClassVar[str] = "bpe"
    ends_lines: ClassVar[bool] = False

    def __init__(self, inner: tokenizers.Tokenizer) -> None:
        self._inner = inner
        by_id = sorted(inner.get_vocab().items(), key=lambda item: item[1])
        self._tokens = [EOS, UNK, *(token for token, _ in by_id)]
        alphabet = _byte_alphabet()
        foreign = {c for token, _ in by_id for c in token if c not in alphabet}
        if foreign:
            raise ValueError(
                f"a BPE vocabulary must use the byte alphabet only, but it has {sorted(foreign)[:8]}"
            )
        if missing := alphabet.keys() - inner.get_vocab().keys():
            raise ValueError(
                f"a BPE vocabulary must have a token for every byte, but lacks {sorted(missing)[:8]}"
            )
        self._bytes = [bytes(alphabet[c] for c in token) for token, _ in by_id]
        self._byte_ids = {b[0]: n + 2 for n, b in enumerate(self._bytes) if len(b) == 1 and b[0] >= 0x80}

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        *,
        size: int = 2000,
        min_frequency: int = 2,
        lowercase: bool = False,
    ) -> "SubwordTokenizer":
        """Merge pairs that occur at least ``min_frequency`` times until there are ``size`` tokens.

        Runs of more than 1,000 letters, digits, punctuation marks or blanks are cut before training.
        """
        inner = make_pipeline(lowercase=lowercase)
        trainer = trainers.BpeTrainer(
            vocab_size=size - 2,
            min_frequency=min_frequency,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        inner.train_from_iterator(cut_long_runs(texts), trainer)
        return cls(inner)

    @property
    def tokens(self) -> list[str]:
        """See :attr:`Tokenizer.tokens`; tokens are written in the library's byte alphabet."""
        return self._tokens

    def encode(self, text: str) -> Ids:
        """See :meth:`Tokenizer.encode`.

        Python decodes bytes that are not UTF-8 as single surrogates: these become the tokens of their bytes.
        Other surrogates become ``<unk>``.
        """
        if not _SURROGATES.search(text):
            return np.array(self._inner.encode(text).ids, dtype=np.int64) + 2
        ids: list[int] = []
        for part in _SURROGATES.split(text):
            if _SURROGATES.fullmatch(part):
                ids.append(self._byte_ids.get(ord(part) - 0xDC00, UNK_ID))
            else:
                ids += (number + 2 for number in self._inner.encode(part).ids)
        return np.array(ids, dtype=np.int64)

    def begin_text(self) -> IncrementalText:
        """See :meth:`Tokenizer.begin_text`; bytes are held back until they form complete characters."""
        return _SubwordText(self._bytes)

    def unknown(self, text: str) -> list[str]:
        """See :meth:`Tokenizer.unknown`; every byte is a token, so only stray surrogates can be unknown."""
        counts = Counter(c for c in _SURROGATES.findall(text) if ord(c) - 0xDC00 not in self._byte_ids)
        return [c for c, _ in counts.most_common()]

    def to_json(self) -> dict[str, Any]:
        """See :meth:`Tokenizer.to_json`."""
        return {"model": json.loads(self._inner.to_str())}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "SubwordTokenizer":
        """See :meth:`Tokenizer.from_json`."""
        return cls(pipeline_from_json(values))
