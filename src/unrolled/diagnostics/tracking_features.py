"""What a text is like at each of its tokens: where in the line, inside quotes, how deep in brackets."""

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
FEWEST = 5
"""What happens less often in a text cannot be told from anything else that happens then."""


@short_repr
@dataclass(frozen=True, eq=False)
class Feature:
    """One number for each token of a text, (T,), as it stands once the token is read.

    NaN where it is not known: the tokens left of a line whose end is not there, the tokens since a digit
    before there was one. The numbers that are known stand together.
    """

    label: str
    values: Floats

    @property
    def known(self) -> slice:
        """The steps at which it is known."""
        steps = np.flatnonzero(~np.isnan(self.values))
        return slice(int(steps[0]), int(steps[-1]) + 1) if len(steps) else slice(0, 0)

    @property
    def cycles(self) -> float:
        """How many times it comes and goes, those alone counted that make out its variance.

        With s the shares of its cycles in the variance this is exp(−Σ s ln s): five lines of one length are
        five, but four short ones and one that is ten times as long are little more than one.
        """
        values = self.values[self.known]
        changes = np.diff(values)
        turns = min(np.flatnonzero(changes > 0), np.flatnonzero(changes < 0), key=len)
        if not len(turns):
            return 0.0
        parts = np.add.reduceat((values - values.mean()) ** 2, [0, *(turns + 1)])
        shares = (parts / parts.sum()).tolist()
        return float(np.exp(np.sum([-s * math.log(s) if s > 0 else 0.0 for s in shares])))


@dataclass(frozen=True)
class _Text:
    tokens: tuple[str, ...]
    """``<eos>`` as a newline, ``<unk>`` as U+FFFD."""
    words: bool
    """Whether the tokens are words that stand apart."""

    @staticmethod
    def of(tokens: Sequence[str]) -> "_Text":
        """Make whole text of tokens."""
        shown = tuple({EOS: "\n", UNK: UNKNOWN}.get(t, t) for t in tokens)
        blanks = any(c.isspace() and c != "\n" for t in shown for c in t)
        return _Text(shown, not blanks and any(len(t) > 1 for t in shown))

    @property
    def characters(self) -> bool:
        """Whether every token is one character."""
        return all(len(t) == 1 for t in self.tokens)

    def whole(self) -> str:
        """Return all characters, with a blank after each word."""
        return "".join(f"{t} " if self.words else t for t in self.tokens)

    def at_ends(self, values: Floats) -> Floats:
        """Return what numbers of the characters are once each token is read."""
        ends = np.cumsum([len(t) + self.words for t in self.tokens]) - 1
        return values[np.maximum(ends, 0)]


def text_features(tokens: Sequence[str]) -> tuple[Feature, ...]:
    """Return every feature that comes and goes at least five times in a text, each of them once.

    Position in the text and in the line, tokens left in the line, inside double and single quotes and
    comments, depth of brackets, indentation, position in the word; whether a token is (or begins with) a
    letter, capital, digit or punctuation, is blank or ends a line, and how many tokens ago there was one.

    Args:
        tokens: characters, words, or pieces of words with their blanks. Words are tokens of which none holds
            a blank while some are longer than a character; comments, indentation and the position in the
            word are not looked for in them. ``<eos>`` ends a line, as a newline does.
    """
    text = _Text.of(tokens)
    if not "".join(text.tokens):
        return ()
    found: list[Feature] = []
    for feature in (*_places(text), *_marks(text), *_kinds(text)):
        twice = any(np.array_equal(feature.values, f.values, equal_nan=True) for f in found)
        if not twice and (feature.cycles >= FEWEST or feature.label == POSITION):
            found.append(feature)
    return tuple(found)


def _places(text: _Text) -> Iterator[Feature]:
    """Yield where a token stands."""
    ends = np.array(["\n" in t for t in text.tokens])
    steps = np.arange(len(ends), dtype=np.float64)
    yield Feature(POSITION, steps)
    since = _since(ends)
    # As though a line had ended just before the text.
    yield Feature("position in the line", np.where(np.isnan(since), steps + 1, since))
    yield Feature("tokens left in the line", _since(ends[::-1])[::-1])


def _marks(text: _Text) -> Iterator[Feature]:
    """Yield what the marks of the text say about a token."""
    whole = text.whole()
    found: dict[str, Callable[[str], Floats]] = {
        "inside double quotes": inside_double_quotes,
        "inside single quotes": inside_single_quotes,
    }
    if not text.words:
        found |= {
            "inside a comment": inside_comments,
            "indentation": indentation,
            "position in the word": position_in_word,
        }
    depths = bracket_depths(whole)
    yield Feature("depth of brackets", text.at_ends(np.sum(list(depths.values()), axis=0)))
    for pair, depth in depths.items():
        yield Feature(f"depth of {pair}", text.at_ends(depth))
    for label, compute in found.items():
        yield Feature(label, text.at_ends(compute(whole)))


def _kinds(text: _Text) -> Iterator[Feature]:
    """Yield what kind of token it is, and how long ago there was one of that kind."""
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
    """Return how many steps ago a flag was last set, 0 where it is; NaN before the first."""
    steps = np.arange(len(flags))
    last = np.maximum.accumulate(np.where(flags, steps, -1))
    return np.where(last < 0, np.nan, steps - last).astype(np.float64)
