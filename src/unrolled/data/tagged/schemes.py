"""Tagging schemes for spans of words: IOB1, BIO (IOB2), IOBES, BILOU, BMES, with or without span kinds."""

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
_BARE_TAGS = frozenset("BIESLUMWO")
BARE = "_"
"""Kind of spans whose tags have no kind."""
_POSITION = {"I": "I", "M": "I", "E": "E", "L": "E", "S": "S", "U": "S", "W": "S"}


class Mark(NamedTuple):
    """A tag split into a position and a kind."""

    position: str
    """B begins, I continues and E ends a span; S is a span of one word; O is outside of spans."""
    kind: str


@functools.lru_cache(maxsize=4096)
def parse_tag(tag: str) -> Mark:
    """Return the position and kind of a tag; a tag that marks no span is outside."""
    match = _TAG.fullmatch(tag)
    if match and match[1]:
        letter = match[1].upper()
        return Mark(_POSITION.get(letter, letter), match[2])
    letter = tag.upper()
    if letter in _BARE_TAGS and letter != OUTSIDE:
        return Mark(_POSITION.get(letter, letter), BARE)
    return Mark(OUTSIDE, "")


def are_spans(tags: Iterable[str]) -> bool:
    """Return whether tags mark spans (Ramshaw & Marcus 1995): all are span tags, and one is not O.

    Bare letters, upper or lower case, count if they can mark spans: B with I, M, E or O; or I with O.
    """
    tags = set(tags)
    if all(tag.islower() for tag in tags if len(tag) == 1):
        tags = {tag.upper() if len(tag) == 1 else tag for tag in tags}
    if tags <= _BARE_TAGS:
        return ("B" in tags and bool(tags & {"I", "M", "E", "O"})) or {"I", "O"} <= tags
    return all(_TAG.fullmatch(tag) for tag in tags)


def is_outside(tags: set[str]) -> bool:
    """Return whether all tags are O, outside of spans."""
    return {tag.upper() for tag in tags} == {OUTSIDE}


def kinds_of(tags: Iterable[str]) -> set[str]:
    """Return the kinds of spans that tags mark; empty if they mark no spans."""
    tags = set(tags)
    return {parse_tag(tag).kind for tag in tags} - {"", BARE} if are_spans(tags) else set()


def is_allowed(scheme: str, before: Mark | None, after: Mark | None) -> bool:
    """Return whether a scheme allows one tag after another; None is the start or end of the sentence."""
    first, second = before or Mark(OUTSIDE, ""), after or Mark(OUTSIDE, "")
    inside = first.position in "BI" and second.position in "IE" and first.kind == second.kind
    if scheme == "bio":
        return second.position != "I" or inside
    if scheme == "iob1":
        return second.position != "B" or (first.position in "BI" and first.kind == second.kind)
    return inside if first.position in "BI" else second.position in "OBS"


class Found(NamedTuple):
    """The scheme of tagged sentences, and the positions of tags that violate it."""

    scheme: str
    """One of :data:`SCHEMES`; "" if the tags mark no spans."""
    broken: list[tuple[int, int]]
    """(sentence, word) of each tag that violates the scheme."""


def find_scheme(sentences: Sequence[Sequence[str]]) -> Found:
    """Return the scheme of tagged sentences: of the schemes with the same letters, the least violated one."""
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
    marks = {tag: parse_tag(tag) for tag in tags}
    marked = [[marks[tag] for tag in sentence] for sentence in sentences]
    results = (Found(name, _find_violations(name, marked)) for name in names)
    return min(results, key=lambda result: len(result.broken))


def _find_violations(scheme: str, sentences: list[list[Mark]]) -> list[tuple[int, int]]:
    return [
        (number, min(place, len(marks) - 1))
        for number, marks in enumerate(sentences)
        for place, (before, after) in enumerate(zip([None, *marks], [*marks, None], strict=True))
        if not is_allowed(scheme, before, after)
    ]


class Rules(NamedTuple):
    """Tags that a scheme allows: first (K,), one after another (K, K), last (K,)."""

    start: Flags
    transition: Flags
    end: Flags


def get_rules(scheme: str, tags: Sequence[str]) -> Rules:
    """Return the rules of a scheme for K tags, in the given order."""
    marks = [parse_tag(tag) for tag in tags]
    return Rules(
        np.array([is_allowed(scheme, None, mark) for mark in marks]),
        np.array([[is_allowed(scheme, a, b) for b in marks] for a in marks]),
        np.array([is_allowed(scheme, mark, None) for mark in marks]),
    )
