"""How tags mark spans of words: IOB1, BIO (IOB2), IOBES, BILOU, BMES, with kinds or bare."""

import functools
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]

OUTSIDE = "O"
SCHEMES = ("bio", "iob1", "iobes", "bilou", "bmes")
_TAG = re.compile(r"([BIESLUMW])[-_](.+)|O", re.IGNORECASE)
_BARE = frozenset("BIESLUMWO")
BARE = "_"
"""Kind of spans whose tags name none."""
_POSITION = {"I": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S", "W": "S"}


class Mark(NamedTuple):
    """A tag as a position and a kind."""

    position: str
    """B begins, I continues, E ends a span; S is a span of one word; O is outside."""
    kind: str


@functools.lru_cache(maxsize=4096)
def mark_of(tag: str) -> Mark:
    """Return position and kind of a tag; one that marks no span is outside."""
    found = _TAG.fullmatch(tag)
    if found and found[1]:
        letter = found[1].upper()
        return Mark(_POSITION.get(letter, letter), found[2])
    letter = tag.upper()
    if letter in _BARE and letter != OUTSIDE:
        return Mark(_POSITION.get(letter, letter), BARE)
    return Mark(OUTSIDE, "")


def are_spans(tags: Iterable[str]) -> bool:
    """Tell tags of spans (Ramshaw & Marcus 1995) from others: all are such tags, and one is not O.

    Bare letters count if they can mark spans: B with I, M, E or O, or I with O. Lower-case letters do too.
    """
    tags = set(tags)
    if all(tag.islower() for tag in tags if len(tag) == 1):
        tags = {tag.upper() if len(tag) == 1 else tag for tag in tags}
    if tags <= _BARE:
        return ("B" in tags and bool(tags & {"I", "M", "E", "O"})) or {"I", "O"} <= tags
    return all(_TAG.fullmatch(tag) for tag in tags)


def is_outside(tags: set[str]) -> bool:
    """Return whether all tags are outside of spans."""
    return {tag.upper() for tag in tags} == {OUTSIDE}


def kinds_of(tags: Iterable[str]) -> set[str]:
    """Return the kinds of the spans that tags mark; empty if they mark none."""
    tags = set(tags)
    return {mark_of(tag).kind for tag in tags} - {"", BARE} if are_spans(tags) else set()


def allowed(scheme: str, before: Mark | None, after: Mark | None) -> bool:
    """Return whether a scheme has one tag after another; None is the border of the sentence."""
    first, second = before or Mark(OUTSIDE, ""), after or Mark(OUTSIDE, "")
    inside = first.position in "BI" and second.position in "IE" and first.kind == second.kind
    if scheme == "bio":
        return second.position != "I" or inside
    if scheme == "iob1":
        return second.position != "B" or (first.position in "BI" and first.kind == second.kind)
    return inside if first.position in "BI" else second.position in "OBS"


class Found(NamedTuple):
    """A scheme, and where tags do not keep to it."""

    scheme: str
    """One of :data:`SCHEMES`; empty if tags mark no spans."""
    broken: list[tuple[int, int]]
    """Sentence and word of each tag that the scheme does not have there."""


def find_scheme(sentences: Sequence[Sequence[str]]) -> Found:
    """Return the scheme of tagged sentences: of those with these letters the one broken least often."""
    tags = {tag for sentence in sentences for tag in sentence}
    if not are_spans(tags):
        return Found("", [])
    letters = {tag[0].upper() for tag in tags}
    if letters & set("LU"):
        names: tuple[str, ...] = ("bilou",)
    elif letters & set("MW"):
        names = ("bmes",)
    else:
        names = ("iobes",) if letters & set("ES") else ("bio", "iob1")
    marks = {tag: mark_of(tag) for tag in tags}
    marked = [[marks[tag] for tag in sentence] for sentence in sentences]
    return min((Found(name, _broken(name, marked)) for name in names), key=lambda found: len(found.broken))


def _broken(scheme: str, sentences: list[list[Mark]]) -> list[tuple[int, int]]:
    return [
        (number, min(place, len(marks) - 1))
        for number, marks in enumerate(sentences)
        for place, (before, after) in enumerate(zip([None, *marks], [*marks, None], strict=True))
        if not allowed(scheme, before, after)
    ]


class Rules(NamedTuple):
    """The tags that a scheme allows: first (K,), after each other (K, K), last (K,)."""

    start: Flags
    transition: Flags
    end: Flags


def rules_of(scheme: str, tags: Sequence[str]) -> Rules:
    """Return what a scheme allows of K tags, in their order."""
    marks = [mark_of(tag) for tag in tags]
    return Rules(
        np.array([allowed(scheme, None, mark) for mark in marks]),
        np.array([[allowed(scheme, a, b) for b in marks] for a in marks]),
        np.array([allowed(scheme, mark, None) for mark in marks]),
    )
