"""Texts given token by token, as models that are mixed with others are asked."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from unrolled.baselines.ngram.vocabulary import Tokens as TokenLists
from unrolled.baselines.ngram.vocabulary import are_sentences
from unrolled.data import Sentences, TokenStream
from unrolled.errors import DataError
from unrolled.symbols import EOS
from unrolled.tasks.lm.artifacts import LanguageArtifacts
from unrolled.tasks.lm.data import Tokens, require_known
from unrolled.text import EOS_ID, UNK_ID
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
        DataError: if tokens are no list of strings, or are not in the vocabulary and training never showed
            ``<unk>``.
    """
    if isinstance(tokens, str):
        raise DataError("a string is not a list of tokens: give a list, as tokens(file) returns it")
    odd = next((t for t in tokens if not isinstance(t, str)), None)
    if odd is not None:
        raise DataError(f"tokens are strings, and {odd!r} is none")
    numbers = {token: i for i, token in enumerate(known.tokenizer.tokens)}
    missing = dict.fromkeys(t for t in tokens if t not in numbers)
    require_known(
        not missing or known.unknown > 0,
        f"{len(missing)} kinds of tokens are not in the model's vocabulary "
        f"({', '.join(map(repr, list(missing)[:5]))} …), and it never saw <unk>",
    )
    return np.array([numbers.get(t, UNK_ID) for t in tokens], dtype=np.int64)
