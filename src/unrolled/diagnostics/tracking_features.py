"""Features of a text at each token: position in the line, inside quotes, depth of brackets and others."""

import math
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unrolled.diagnostics.gradients import Floats
from unrolled.diagnostics.tracking_marks import (
    bracket_depths,
    indentation,
    inside_comments,
    inside_double_quotes,
    inside_single_quotes,
    position_in_word,
)
from unrolled.short_repr import short_repr
from unrolled.symbols import EOS, UNK

UNKNOWN = "\ufffd"
POSITION = "position in the text"
MIN_CYCLES = 5
"""Features with fewer cycles in a text are too rare to be correlated with."""


@short_repr
@dataclass(frozen=True, eq=False)
class Feature:
    """One number per token of a text, (T,), the value after reading the token.

    NaN if unknown: the tokens left in an unfinished line, or the tokens since a digit before the first digit.
    The known values are contiguous.
    """

    label: str
    values: Floats

    @property
    def known_steps(self) -> slice:
        """Slice of the steps with known values."""
        steps = np.flatnonzero(~np.isnan(self.values))
        return slice(int(steps[0]), int(steps[-1]) + 1) if len(steps) else slice(0, 0)

    @property
    def cycles(self) -> float:
        """Effective number of cycles (rises and falls), weighted by their fraction of the variance.

        It is exp(−Σ s ln s) with s the fractions of the cycles in the variance: five lines of equal length
        count as five, but four short ones and one ten times as long as little more than one.
        """
        values = self.values[self.known_steps]
        changes = np.diff(values)
        turns = min(np.flatnonzero(changes > 0), np.flatnonzero(changes < 0), key=len)
        if not len(turns):
            return 0.0
        parts = np.add.reduceat((values - values.mean()) ** 2, [0, *(turns + 1)])
        fractions = (parts / parts.sum()).tolist()
        return float(np.exp(np.sum([-s * math.log(s) if s > 0 else 0.0 for s in fractions])))


@dataclass(frozen=True)
class _Text:
    tokens: tuple[str, ...]
    """Tokens with ``<eos>`` replaced by a newline and ``<unk>`` by U+FFFD."""
    words: bool
    """True if the tokens are words without blanks."""

    @staticmethod
    def from_tokens(tokens: Sequence[str]) -> "_Text":
        """Build a text from tokens."""
        shown = tuple({EOS: "\n", UNK: UNKNOWN}.get(t, t) for t in tokens)
        blanks = any(c.isspace() and c != "\n" for t in shown for c in t)
        return _Text(shown, not blanks and any(len(t) > 1 for t in shown))

    @property
    def characters(self) -> bool:
        """True if every token is one character."""
        return all(len(t) == 1 for t in self.tokens)

    def full_text(self) -> str:
        """Return the text as one string, with a blank after each word."""
        return "".join(f"{t} " if self.words else t for t in self.tokens)

    def at_ends(self, values: Floats) -> Floats:
        """Return the values (C,) of the characters at the last character of each token, (T,)."""
        ends = np.cumsum([len(t) + self.words for t in self.tokens]) - 1
        return values[np.maximum(ends, 0)]


def text_features(tokens: Sequence[str]) -> tuple[Feature, ...]:
    """Return every feature with at least five cycles in a text, without duplicates.

    The features are: position in the text and in the line, tokens left in the line, inside double quotes,
    single quotes and comments, depth of brackets, indentation, position in the word; whether a token is (or
    begins with) a letter, capital, digit or punctuation, is blank or ends a line; and the number of tokens
    since the last one.

    Args:
        tokens: characters, words, or subwords with their blanks. Tokens count as words if none contains a
            blank and some are longer than a character; comments, indentation and the position in the word are
            then omitted. ``<eos>`` ends a line, like a newline.
    """
    text = _Text.from_tokens(tokens)
    if not "".join(text.tokens):
        return ()
    features: list[Feature] = []
    for feature in (*_position_features(text), *_mark_features(text), *_kind_features(text)):
        duplicate = any(np.array_equal(feature.values, f.values, equal_nan=True) for f in features)
        if not duplicate and (feature.cycles >= MIN_CYCLES or feature.label == POSITION):
            features.append(feature)
    return tuple(features)


def _position_features(text: _Text) -> Iterator[Feature]:
    """Yield the position of each token in the text and in the line."""
    ends = np.array(["\n" in t for t in text.tokens])
    steps = np.arange(len(ends), dtype=np.float64)
    yield Feature(POSITION, steps)
    since = _since(ends)
    # The first line counts from the beginning of the text.
    yield Feature("position in the line", np.where(np.isnan(since), steps + 1, since))
    yield Feature("tokens left in the line", _since(ends[::-1])[::-1])


def _mark_features(text: _Text) -> Iterator[Feature]:
    """Yield the features of quotes, comments, brackets, indentation and words."""
    full_text = text.full_text()
    functions: dict[str, Callable[[str], Floats]] = {
        "inside double quotes": inside_double_quotes,
        "inside single quotes": inside_single_quotes,
    }
    if not text.words:
        functions |= {
            "inside a comment": inside_comments,
            "indentation": indentation,
            "position in the word": position_in_word,
        }
    depths = bracket_depths(full_text)
    yield Feature("depth of brackets", text.at_ends(np.sum(list(depths.values()), axis=0)))
    for pair, depth in depths.items():
        yield Feature(f"depth of {pair}", text.at_ends(depth))
    for label, compute in functions.items():
        yield Feature(label, text.at_ends(compute(full_text)))


def _kind_features(text: _Text) -> Iterator[Feature]:
    """Yield the kind of each token, and the number of tokens since the last one of that kind."""
    is_a = "is" if text.characters else "begins with"
    firsts = [t.strip()[:1] for t in text.tokens]
    kinds: dict[str, Callable[[str], bool]] = {
        "a letter": str.isalpha,
        "a capital": str.isupper,
        "a digit": str.isdigit,
        "punctuation": lambda c: c != UNKNOWN and unicodedata.category(c)[0] in "PS",
    }
    flags = {kind: np.array([bool(c) and test(c) for c in firsts]) for kind, test in kinds.items()}
    blank = np.array([t.isspace() and "\n" not in t for t in text.tokens])
    for kind, flag in flags.items():
        yield Feature(f"{is_a} {kind}", flag.astype(np.float64))
    yield Feature("is a blank", blank.astype(np.float64))
    yield Feature("ends a line", np.array(["\n" in t for t in text.tokens], dtype=np.float64))
    yield Feature(f"is {UNK}", np.array([t == UNKNOWN for t in text.tokens], dtype=np.float64))
    for kind in ("a capital", "a digit", "punctuation"):
        yield Feature(f"tokens since {kind}", _since(flags[kind]))
    yield Feature("tokens since a blank", _since(blank))


def _since(flags: NDArray[np.bool_]) -> Floats:
    """Return the number of steps since a flag was last set; NaN before the first."""
    steps = np.arange(len(flags))
    last = np.maximum.accumulate(np.where(flags, steps, -1))
    return np.where(last < 0, np.nan, steps - last).astype(np.float64)
