"""Documents as tokens, for training and scoring a language model."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from unrolled.arrays import Ids
from unrolled.data import Chunk, Document, Sentences, TokenStream, join_documents
from unrolled.errors import DataError
from unrolled.tasks.base.sample import SampleSize
from unrolled.tasks.base.unknown import UnknownTokens
from unrolled.tasks.lm.config import CorpusConfig
from unrolled.tasks.lm.hold_out import split_documents
from unrolled.tasks.lm.lines import prepare_text
from unrolled.tasks.lm.units import UNITS
from unrolled.text import EOS_ID, UNK_ID, Tokenizer
from unrolled.unknown import get_unknown_share, unknown_share

Tokens = TokenStream | Sentences


@dataclass(frozen=True)
class Corpus:
    """Training and held-out tokens, with facts for the report."""

    train: Tokens
    valid: Tokens | None
    data_info: dict[str, Any]
    notes: tuple[str, ...] = ()
    """See :class:`TaskData`."""
    share: float = 0.0
    """See :func:`unrolled.unknown.unknown_share`."""


def tokenize(documents: list[Document], tokenizer: Tokenizer, mode: str) -> Tokens:
    """Tokenize documents as one stream, or each line as a sentence."""
    texts = [prepare_text(d.text, tokenizer.kind, mode) for d in documents]
    if mode != "sentence":
        encoded = [tokenizer.encode(text) for text in texts]
        return join_documents(encoded, EOS_ID, ends_lines=tokenizer.ends_lines)
    lines = (line for text in texts for line in text.split("\n"))
    return Sentences([tokenizer.encode(line) for line in lines if line.strip()], EOS_ID)


def count_unknown(documents: list[Document], tokenizer: Tokenizer, mode: str, source: str) -> UnknownTokens:
    """Count the unknown tokens of documents.

    Raises:
        DataError: if most tokens are unknown.
    """
    unknown = UnknownTokens.of((prepare_text(d.text, tokenizer.kind, mode) for d in documents), tokenizer)
    unknown.check_mostly_known(source)
    return unknown


@dataclass(frozen=True)
class TextToScore:
    """A tokenized text to score."""

    tokens: Tokens
    share: float
    """u of :mod:`unrolled.unknown`; 0 if the text has no unknown tokens."""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, documents: list[Document], tokenizer: Tokenizer, share: float, mode: str, source: str
    ) -> "TextToScore":
        """Tokenize documents; ``share`` is the model's.

        Raises:
            DataError: if most tokens are unknown, or there are no tokens.
        """
        unknown = count_unknown(documents, tokenizer, mode, source)
        tokens = tokenize(documents, tokenizer, mode)
        if tokens.predictions < 1:
            raise DataError(f"{source}: holds no tokens to predict")
        text_share = get_unknown_share(all_ids(tokens)[1:], share)
        return cls(tokens, text_share, unknown.notes(source, UNITS[tokenizer.kind], text_share))


def all_ids(tokens: Tokens) -> Ids:
    """Return all token ids in reading order, after an initial ``<eos>``."""
    if isinstance(tokens, TokenStream):
        return tokens.ids
    end = np.array([EOS_ID], dtype=np.int64)
    return np.concatenate([end, *(part for s in tokens.items for part in (s, end))])


def make_corpus(
    config: CorpusConfig,
    documents: list[Document],
    tokenizer: Tokenizer,
    held_out: list[Document] | None = None,
) -> Corpus:
    """Tokenize the training documents and the held-out ones, which are given or split off.

    Args:
        config: corpus options, with ``hold_out`` resolved.
        documents: training documents.
        tokenizer: tokenizer trained on them.
        held_out: held-out documents; None splits them off the training documents.

    Raises:
        DataError: if there are fewer than two tokens, or the held-out part is empty.
    """
    source = config.data or "the text"
    valid: Tokens | None = None
    notes: tuple[str, ...] = ()
    if held_out is None and config.valid_fraction and config.hold_out != "end":
        documents, held_out_part = split_documents(
            documents, [config.valid_fraction], config.hold_out, config.mode
        )
        train, valid = (tokenize(part, tokenizer, config.mode) for part in (documents, held_out_part))
        _check_parts(train, valid, source, config)
    else:
        train = tokenize(documents, tokenizer, config.mode)
        _require_two_tokens(train, source)
        if held_out is None and config.valid_fraction:
            train, valid = train.split(config.valid_fraction)
            _check_parts(train, valid, source, config)
    _require_two_tokens(train, source)
    share = unknown_share(all_ids(train)[1:])
    if held_out is not None:
        text_to_score = TextToScore.of(
            held_out, tokenizer, share, config.mode, config.valid or "the held-out text"
        )
        valid, notes = text_to_score.tokens, text_to_score.notes
    data_info = {
        "documents": len(documents),
        "tokens": train.predictions,
        "held_out_tokens": valid.predictions if valid else 0,
        "eos": _count(train, EOS_ID),
        "unknown": _count(train, UNK_ID),
        "vocabulary": tokenizer.size,
        "sha256": fingerprint(train),
        "held_out_sha256": fingerprint(valid) if valid else "",
    }
    return Corpus(train, valid, data_info, notes, share)


def _check_parts(train: Tokens, valid: Tokens, source: str, config: CorpusConfig) -> None:
    if valid.predictions < 1 or train.predictions < 1:
        raise DataError(
            f"{source}: too short to hold out {config.valid_fraction:g} of it; give more text, or "
            "--valid-fraction 0"
        )


def fingerprint(tokens: Tokens) -> str:
    """Return the SHA-256 of the token ids, by which a resumed run recognises its text."""
    return hashlib.sha256(all_ids(tokens).tobytes()).hexdigest()


def sample_chunk(tokens: Tokens, size: SampleSize) -> Chunk:
    """Return windows spread evenly over a text, each read from a zero state; or the first sentences."""
    if isinstance(tokens, Sentences):
        chunk = next(Sentences(tokens.items[: size.rows], tokens.eos).chunks(size.rows))
        assert chunk.lengths is not None
        lengths = chunk.lengths.clamp(max=size.steps)
        return Chunk(chunk.inputs[: size.steps], chunk.targets[: size.steps], lengths=lengths)
    first_steps, width = size.windows(tokens.predictions)
    positions = torch.from_numpy(first_steps + np.arange(width)[:, None])
    ids = torch.from_numpy(tokens.ids)
    reset_mask = torch.from_numpy(np.isin(positions.numpy(), tokens.starts))
    return Chunk(ids[positions], ids[positions + 1], reset_mask if bool(reset_mask.any()) else None)


def _require_two_tokens(train: Tokens, source: str) -> None:
    if train.predictions < 2:
        raise DataError(
            f"{source}: one token is not enough to train on; give a text of at least a few thousand tokens"
        )


def _count(tokens: Tokens, token: int) -> int:
    return int((all_ids(tokens)[1:] == token).sum())
