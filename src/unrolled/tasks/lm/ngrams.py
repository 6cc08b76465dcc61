"""n-gram models over the tokens of a language model: fitted by name, or read from an ARPA file."""

import itertools
import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unrolled.arrays import Ids, Numbers
from unrolled.baselines.ngram import (
    SMOOTHINGS,
    DiscountWarning,
    NGramTable,
    Smoothing,
    SumWarning,
    Texts,
    count_ngrams,
    estimate,
    longest_order,
    read_arpa,
)
from unrolled.data import TokenStream
from unrolled.errors import DataError
from unrolled.tasks.lm.data import Tokens
from unrolled.text import EOS_ID
from unrolled.text.tokenizer import Tokenizer

NAMED: dict[str, tuple[Smoothing, int]] = {
    "unigram": ("add-k", 1),
    "bigram": ("modified-kneser-ney", 2),
    "trigram": ("modified-kneser-ney", 3),
}
ARPA = (".arpa", ".arpa.gz")
_SHORT = re.compile(r"kn([1-9]\d*)")
_LONG = re.compile(rf"({'|'.join(SMOOTHINGS)})-([1-9]\d*)")


@dataclass(frozen=True)
class Numbering:
    """Conversion from the tokenizer's token ids to those of a model that was read from a file."""

    numbers: Ids
    """(V,) id in the model for each token of the tokenizer."""
    opening: int
    """Id of the opening symbol in the model."""


@dataclass(frozen=True)
class NGrams:
    """An n-gram model that scores the tokens of a tokenizer."""

    table: NGramTable
    opening: int
    """Id of the opening symbol of a sentence, in the tokenizer's numbering."""
    numbering: Numbering | None = None
    """None if the model has the tokenizer's ids."""
    note: str = ""
    """How the estimate differs from the requested model."""

    def score(self, tokens: Tokens) -> Numbers:
        """Return ln p (N,) of each predicted token."""
        scores: Numbers = self.table.score(_texts(tokens, self.opening, self.numbering))
        return scores


def is_ngram(name: str) -> bool:
    """Return whether a name is an n-gram model: trigram, kn5, SMOOTHING-N or FILE.arpa."""
    return name in NAMED or name.endswith(ARPA) or bool(_SHORT.fullmatch(name) or _LONG.fullmatch(name))


def fit_ngrams(name: str, tokens: Tokens, tokenizer: Tokenizer) -> NGrams:
    """Count n-grams of the training tokens, and estimate the model with this name."""
    smoothing, order = _parse(name)
    texts = _texts(tokens, tokenizer.size)
    longest = min(order, longest_order(texts))
    counts = count_ngrams(texts, longest, tokenizer.size)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", DiscountWarning)
        table = estimate(counts, smoothing)
    messages = [str(w.message) for w in caught if issubclass(w.category, DiscountWarning)]
    more = f" (and so in {len(messages) - 1} other orders)" if len(messages) > 1 else ""
    notes = [messages[0] + more] if messages else []
    if longest < order:
        notes.insert(0, f"order {longest}: no text is longer")
    return NGrams(table, tokenizer.size, note="; ".join(notes))


def read_ngrams(path: str, tokenizer: Tokenizer, mode: str) -> NGrams:
    """Read a model from an ARPA file, which may number the tokens in another order.

    Args:
        path: path as the user wrote it.
        tokenizer: tokenizer whose tokens are scored.
        mode: mode of the corpus, "stream" or "sentence".

    Raises:
        DataError: if the file cannot be read, or its model has other tokens or another mode.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", SumWarning)
        table, words = read_arpa(Path(path))
    file_mode = "sentence" if words.by_sentences else "stream"
    if words.by_sentences != (mode == "sentence"):
        raise DataError(
            f"{path}: is a model with mode={file_mode!r}, which cannot be compared with models with "
            f"mode={mode!r}"
        )
    unmatched = sorted(set(tokenizer.tokens) ^ set(words.tokens))
    if unmatched:
        raise DataError(
            f"{path}: {len(unmatched)} tokens are only in the model or only in the training text "
            f"({', '.join(map(repr, unmatched[:5]))} …): models with different vocabularies cannot be "
            "compared"
        )
    numbers = np.array([words.numbers[t] for t in tokenizer.tokens])
    note = "; ".join(str(w.message) for w in caught)
    return NGrams(table, tokenizer.size, Numbering(numbers, words.opening), note)


def _texts(tokens: Tokens, opening: int, numbering: Numbering | None = None) -> Texts:
    """Return tokens as texts with opening symbols, in the ids of the model."""
    if isinstance(tokens, TokenStream):
        edges = np.append(tokens.starts, tokens.predictions)
        parts = [tokens.ids[b + 1 : e + 1] for b, e in itertools.pairwise(edges)]
        opening = EOS_ID
    else:
        parts = [np.append(s, EOS_ID) for s in tokens.items]
    if numbering is not None:
        parts, opening = [numbering.numbers[p] for p in parts], numbering.opening
    return Texts.opened(parts, opening)


def _parse(name: str) -> tuple[Smoothing, int]:
    if name in NAMED:
        return NAMED[name]
    if match := _SHORT.fullmatch(name):
        return "modified-kneser-ney", int(match[1])
    match = _LONG.fullmatch(name)
    assert match is not None, name
    smoothing = next(s for s in SMOOTHINGS if s == match[1])
    return smoothing, int(match[2])
