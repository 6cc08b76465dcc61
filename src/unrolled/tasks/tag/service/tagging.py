"""Tags of sentences, with the probabilities of the most probable ones."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from unrolled.arrays import Numbers
from unrolled.decoding.nonfinite import non_finite_error
from unrolled.tasks.tag.runtime import TaggerRuntime


class Tags(NamedTuple):
    """The tags of one sentence."""

    best: list[str]
    """Tags of the best sequence of tags."""
    probabilities: list[dict[str, float]]
    """Of each word, the most probable tags; empty if none were asked for."""


def tag_sentences(runtime: TaggerRuntime, sentences: Sequence[list[str]], tops: Sequence[int]) -> list[Tags]:
    """Return the tags of sentences, read in one batch.

    Args:
        runtime: the tagger.
        sentences: words of each sentence.
        tops: for each sentence, the number of most probable tags of a word to return.

    Raises:
        NonFiniteError: if the model gives no finite scores.
    """
    result = [Tags([], []) for _ in sentences]
    filled = [number for number, words in enumerate(sentences) if words]
    for rows, lengths, emissions in runtime.emissions([sentences[i] for i in filled]):
        if not np.isfinite(emissions).all():
            raise non_finite_error()
        best = runtime.scores.best(emissions, lengths)
        numbers = [filled[row] for row in rows]
        wanted = any(tops[number] for number in numbers)
        p = runtime.scores.probabilities(emissions, lengths) if wanted else None
        for column, (number, length) in enumerate(zip(numbers, lengths, strict=True)):
            top = tops[number]
            result[number] = Tags(
                [runtime.tags[tag] for tag in best[:length, column]],
                [] if p is None or not top else _most_probable(p[:length, column], runtime.tags, top),
            )
    return result


def _most_probable(p: Numbers, tags: list[str], top: int) -> list[dict[str, float]]:
    """Return the most probable tags of each word, from the probabilities (T, K) of all tags."""
    order = np.argsort(-p, axis=1, kind="stable")[:, :top]
    return [{tags[int(tag)]: float(row[tag]) for tag in best} for row, best in zip(p, order, strict=True)]
