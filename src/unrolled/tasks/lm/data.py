"""From files to what a language model is trained and scored on."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unrolled.data import Chunk, Document, Sentences, TokenStream, join_documents, open_documents
from unrolled.errors import DataError
from unrolled.tasks.base.sample import SampleSize
from unrolled.tasks.lm.config import CorpusConfig
from unrolled.text import EOS_ID, UNK_ID, Tokenizer
from unrolled.text.tokenizer import Ids

Tokens = TokenStream | Sentences


@dataclass(frozen=True)
class Corpus:
    """Training and held-out tokens, and facts about them for the report."""

    train: Tokens
    valid: Tokens | None
    facts: dict[str, Any]
    notes: tuple[str, ...] = ()
    """See :class:`Material`."""


def tokenize(documents: list[Document], tokenizer: Tokenizer, mode: str) -> Tokens:
    """Return documents as one stream, or their lines as sentences."""
    if mode == "stream":
        encoded = [tokenizer.encode(d.text) for d in documents]
        return join_documents(encoded, EOS_ID, ends_lines=tokenizer.ends_lines)
    lines = (line for d in documents for line in d.text.split("\n"))
    return Sentences([tokenizer.encode(line) for line in lines if line.strip()], EOS_ID)


def read_tokens(source: str | Path, tokenizer: Tokenizer, unknown_in_training: int, mode: str) -> Tokens:
    """Read a text to score.

    Raises:
        DataError: if it cannot be read, its tokens are unknown to the model, or it has none.
    """
    documents = open_documents(source)
    check_known(documents, tokenizer, unknown_in_training, str(source))
    tokens = tokenize(documents, tokenizer, mode)
    if tokens.predictions < 1:
        raise DataError(f"{source}: holds no tokens to predict")
    return tokens


def all_ids(tokens: Tokens) -> Ids:
    """Return the tokens in the order of reading, opened by the ``<eos>`` that the first follows."""
    if isinstance(tokens, TokenStream):
        return tokens.ids
    end = np.array([EOS_ID], dtype=np.int64)
    return np.concatenate([end, *(part for s in tokens.items for part in (s, end))])


def make_corpus(config: CorpusConfig, documents: list[Document], tokenizer: Tokenizer) -> Corpus:
    """Tokenise the training documents and what is held out of them or beside them.

    Raises:
        DataError: if there are fewer than two tokens, or the held-out part is empty.
    """
    train = tokenize(documents, tokenizer, config.mode)
    _require_two(train, config.data)
    valid: Tokens | None = None
    if config.valid:
        held_out = open_documents(config.valid)
        check_known(held_out, tokenizer, _count(train, UNK_ID), config.valid)
        valid = tokenize(held_out, tokenizer, config.mode)
    elif config.valid_fraction:
        train, valid = train.split(config.valid_fraction)
        if valid.predictions < 1 or train.predictions < 1:
            raise DataError(
                f"{config.data}: too short to hold out {config.valid_fraction:g} of it; give more text, "
                "or --valid-fraction 0"
            )
    _require_two(train, config.data)
    facts = {
        "documents": len(documents),
        "tokens": train.predictions,
        "held_out_tokens": valid.predictions if valid else 0,
        "eos": _count(train, EOS_ID),
        "unknown": _count(train, UNK_ID),
        "vocabulary": tokenizer.size,
        "sha256": fingerprint(train),
        "held_out_sha256": fingerprint(valid) if valid else "",
    }
    return Corpus(train, valid, facts)


def fingerprint(tokens: Tokens) -> str:
    """Return the SHA-256 of the token numbers, by which a resumed run knows its text."""
    return hashlib.sha256(all_ids(tokens).tobytes()).hexdigest()


def cut_chunk(tokens: Tokens, size: SampleSize) -> Chunk:
    """Return windows that are spread evenly over a text, each read from zeros; or its first sentences."""
    if isinstance(tokens, Sentences):
        chunk = next(Sentences(tokens.items[: size.rows], tokens.eos).chunks(size.rows))
        assert chunk.lengths is not None
        lengths = chunk.lengths.clamp(max=size.steps)
        return Chunk(chunk.inputs[: size.steps], chunk.targets[: size.steps], lengths=lengths)
    begins, width = size.windows(tokens.predictions)
    places = torch.from_numpy(begins + np.arange(width)[:, None])
    ids = torch.from_numpy(tokens.ids)
    fresh = torch.from_numpy(np.isin(places.numpy(), tokens.starts))
    return Chunk(ids[places], ids[places + 1], fresh if bool(fresh.any()) else None)


def check_known(
    documents: list[Document], tokenizer: Tokenizer, unknown_in_training: int, source: str
) -> None:
    """Refuse text that the model cannot score in any meaningful way.

    Raises:
        DataError: if most of it is unknown, or any of it is and training never showed ``<unk>``.
    """
    missing: list[str] = []
    unknown = total = 0
    for d in documents:
        ids = tokenizer.encode(d.text)
        here = int((ids == UNK_ID).sum())
        if here:
            missing += tokenizer.unknown(d.text)[:5]
        unknown, total = unknown + here, total + len(ids)
    if not unknown or not missing:
        return
    shown = ", ".join(repr(token) for token in dict.fromkeys(missing))
    share = f"{unknown:,} of {total:,} tokens of {source} are not in the model's vocabulary ({shown}, …)"
    require_known(2 * unknown <= total, f"{share}: it was trained on another kind of text")
    require_known(
        unknown_in_training > 0,
        f"{share}, and it never saw <unk>: train with --min-frequency 2 or more, with --tokenizer bpe, "
        "or take them out of the text",
    )


def require_known(condition: bool, message: str) -> None:
    """Raise DataError with the message unless the condition holds."""
    if not condition:
        raise DataError(message)


def _require_two(train: Tokens, source: str) -> None:
    if train.predictions < 2:
        raise DataError(
            f"{source}: one token is too little to learn from; give a text of at least a few thousand tokens"
        )


def _count(tokens: Tokens, token: int) -> int:
    return int((all_ids(tokens)[1:] == token).sum())
