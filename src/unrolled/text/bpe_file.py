"""Read the byte-level BPE model in ``tokenizer.json``; no other pipeline is accepted.

The ``tokenizers`` library would build any pipeline that a file describes, including regular expressions
chosen by the author of the file. Here only the vocabulary and the merges come from the file; the pipeline is
built from code.
"""

from typing import Any, Literal

import msgspec
import tokenizers
from tokenizers import models, normalizers, pre_tokenizers

from unrolled.reading import convert


class _Lowercase(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["Lowercase"]


class _ByteLevel(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["ByteLevel"]
    add_prefix_space: bool
    trim_offsets: bool
    use_regex: bool

    def __post_init__(self) -> None:
        if self.add_prefix_space or not self.use_regex:
            raise ValueError("add_prefix_space must be false and use_regex true")


class _Model(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["BPE"]
    vocab: dict[str, int]
    merges: list[tuple[str, str]]
    dropout: None = None
    unk_token: None = None
    continuing_subword_prefix: None = None
    end_of_word_suffix: None = None
    fuse_unk: bool = False
    byte_fallback: bool = False
    ignore_merges: bool = False

    def __post_init__(self) -> None:
        if sorted(self.vocab.values()) != list(range(len(self.vocab))):
            raise ValueError("the ids of the vocabulary must be 0 to V - 1, each used once")
        missing = next((m for m in self.merges for t in (*m, "".join(m)) if t not in self.vocab), None)
        if missing is not None:
            raise ValueError(f"the merge {' '.join(missing)!r} needs tokens that are not in the vocabulary")
        if self.fuse_unk or self.byte_fallback or self.ignore_merges:
            raise ValueError("fuse_unk, byte_fallback and ignore_merges must be false")


class _Pipeline(msgspec.Struct, forbid_unknown_fields=True):
    version: str
    model: _Model
    pre_tokenizer: _ByteLevel
    normalizer: _Lowercase | None = None
    truncation: None = None
    padding: None = None
    added_tokens: tuple[()] = ()
    post_processor: None = None
    decoder: None = None


class _Stored(msgspec.Struct, forbid_unknown_fields=True):
    model: _Pipeline
    kind: Literal["bpe"] = "bpe"


def make_pipeline(*, lowercase: bool, model: models.BPE | None = None) -> tokenizers.Tokenizer:
    """Return a byte-level BPE pipeline with the given model, or with an untrained one."""
    tokenizer = tokenizers.Tokenizer(model or models.BPE())
    if lowercase:
        tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


def pipeline_from_json(values: dict[str, Any]) -> tokenizers.Tokenizer:
    """Return the pipeline that a file describes.

    Raises:
        ValueError: if the file is damaged or describes another pipeline.
    """
    stored = convert(values, _Stored).model
    try:
        model = models.BPE(vocab=stored.model.vocab, merges=stored.model.merges)
    except Exception as error:  # the library raises bare Exception
        raise ValueError(f"not a BPE model: {error}") from error
    return make_pipeline(lowercase=stored.normalizer is not None, model=model)
