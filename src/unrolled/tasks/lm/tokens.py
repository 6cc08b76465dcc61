"""Texts given token by token, as models that are mixed with others are asked."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.baselines.ngram.vocabulary import Tokens as TokenLists
from unrolled.baselines.ngram.vocabulary import are_sentences
from unrolled.data import Sentences, TokenStream
from unrolled.errors import DataError
from unrolled.symbols import EOS
from unrolled.tasks.lm.artifacts import LanguageArtifacts
from unrolled.tasks.lm.data import Tokens
from unrolled.text import EOS_ID, UNK_ID, Tokenizer
from unrolled.text.tokenizer import Ids


def tokens_to_score(tokens: TokenLists, known: LanguageArtifacts, mode: str) -> Tokens:
    """Return one document, or sentences, in the form that a model reads.

    Args:
        tokens: of a document; or sentences without ``<eos>``, which a model of sentences takes too.
        known: by the model.
        mode: "stream" or "sentence".

    Raises:
        DataError: see :meth:`LanguageModel.score`.
    """
    sentences = mode == "sentence"
    if are_sentences(tokens):
        if not sentences:
            raise DataError("this model reads one running text, and these tokens are sentences")
        tokens = [token for sentence in tokens for token in (*sentence, EOS)]
    ids = numbers_of(tokens, known)
    if not sentences:
        return TokenStream(np.concatenate([[EOS_ID], ids]), np.zeros(1, np.int64))
    if ids[-1] != EOS_ID:
        raise DataError("this model reads sentences: the last token must be <eos>")
    ends = np.flatnonzero(ids == EOS_ID)
    return Sentences([part[part != EOS_ID] for part in np.split(ids, ends[:-1] + 1)], EOS_ID)


def numbers_of(tokens: Sequence[Any], known: LanguageArtifacts) -> Ids:
    """Return the number of each token; what is not in the vocabulary is ``<unk>``.

    Raises:
        DataError: if tokens are no list of strings.
    """
    if isinstance(tokens, str):
        raise DataError("a string is not a list of tokens: give a list, as tokens(file) returns it")
    odd = next((t for t in tokens if not isinstance(t, str)), None)
    if odd is not None:
        raise DataError(f"tokens are strings, and {odd!r} is none")
    numbers = {token: i for i, token in enumerate(known.tokenizer.tokens)}
    return np.array([numbers.get(t, UNK_ID) for t in tokens], dtype=np.int64)


def is_text(given: Any, tokenizer: Tokenizer) -> bool:
    """Tell whether what is to be scored is a text, a list of texts or a file, rather than tokens.

    A list holds texts if one of its strings cannot be a token.

    Raises:
        DataError: if it is none of these.
    """
    if isinstance(given, str | Path):
        return True
    if isinstance(given, dict) or not isinstance(given, Iterable):
        raise DataError(f"a text or a list of tokens is needed; got {type(given).__name__}")
    items = list(given)
    if not all(isinstance(item, str) for item in items):
        return False
    known = set(tokenizer.tokens)
    return any(item not in known and not _may_be_token(item, tokenizer.kind) for item in items)


def _may_be_token(item: str, kind: str) -> bool:
    return len(item) == 1 if kind == "char" else item.split() == [item]
