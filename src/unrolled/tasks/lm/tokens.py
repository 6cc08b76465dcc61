"""Texts given as lists of tokens, for scoring the parts of a mixture of models."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.arrays import Ids
from unrolled.baselines.ngram.vocabulary import Tokens as TokenLists
from unrolled.baselines.ngram.vocabulary import are_sentences
from unrolled.data import Sentences, TokenStream
from unrolled.errors import DataError
from unrolled.symbols import EOS
from unrolled.tasks.lm.artifacts import LanguageArtifacts
from unrolled.tasks.lm.data import Tokens
from unrolled.text import EOS_ID, UNK_ID, Tokenizer


def tokens_to_score(tokens: TokenLists, artifacts: LanguageArtifacts, mode: str) -> Tokens:
    """Convert the tokens of a document, or of sentences, to the form that a model reads.

    Args:
        tokens: tokens of a document; a model of sentences also takes sentences without ``<eos>``.
        artifacts: artifacts of the model.
        mode: "stream" or "sentence".

    Raises:
        DataError: see :meth:`LanguageModel.score`.
    """
    sentences = mode == "sentence"
    if are_sentences(tokens):
        if not sentences:
            raise DataError("this model reads one running text, but these tokens are sentences")
        tokens = [token for sentence in tokens for token in (*sentence, EOS)]
    ids = token_ids(tokens, artifacts)
    if not sentences:
        return TokenStream(np.concatenate([[EOS_ID], ids]), np.zeros(1, np.int64))
    if ids[-1] != EOS_ID:
        raise DataError("this model reads sentences: the last token must be <eos>")
    ends = np.flatnonzero(ids == EOS_ID)
    return Sentences([part[part != EOS_ID] for part in np.split(ids, ends[:-1] + 1)], EOS_ID)


def token_ids(tokens: Sequence[Any], artifacts: LanguageArtifacts) -> Ids:
    """Return the id of each token; ``<unk>`` for tokens that are not in the vocabulary.

    Raises:
        DataError: if ``tokens`` is not a list of strings.
    """
    if isinstance(tokens, str):
        raise DataError("a string is not a list of tokens: give a list, as tokens(file) returns it")
    non_string = next((t for t in tokens if not isinstance(t, str)), None)
    if non_string is not None:
        raise DataError(f"tokens are strings, but {non_string!r} is not")
    numbers = {token: i for i, token in enumerate(artifacts.tokenizer.tokens)}
    return np.array([numbers.get(t, UNK_ID) for t in tokens], dtype=np.int64)


def is_text(data: Any, tokenizer: Tokenizer) -> bool:
    """Return whether data to score are a text, a list of texts or a file (True), or tokens (False).

    A list contains texts if one of its strings cannot be a token.

    Raises:
        DataError: if the data are none of these.
    """
    if isinstance(data, str | Path):
        return True
    if isinstance(data, dict) or not isinstance(data, Iterable):
        raise DataError(f"a text or a list of tokens is needed; got {type(data).__name__}")
    items = list(data)
    if not all(isinstance(item, str) for item in items):
        return False
    vocabulary = set(tokenizer.tokens)
    return any(item not in vocabulary and not _may_be_token(item, tokenizer.kind) for item in items)


def _may_be_token(item: str, kind: str) -> bool:
    return len(item) == 1 if kind == "char" else item.split() == [item]
