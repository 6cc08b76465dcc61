"""Explain the label of a text: leave out its words one at a time, and classify its beginnings."""

from collections.abc import Iterator, Sequence

import numpy as np

from unrolled.arrays import Numbers
from unrolled.decoding.softmax import softmax
from unrolled.errors import ConfigError, suggestion
from unrolled.tasks.base.service import Limits
from unrolled.tasks.base.service.checks import check_texts
from unrolled.tasks.classify.service.answers import Labeller
from unrolled.tasks.classify.service.messages import (
    Contribution,
    ExplainText,
    Explanation,
    Prefix,
    Prefixes,
    PrefixesOfText,
)
from unrolled.tasks.classify.service.parts import Part, find_parts, remover
from unrolled.text.tokenizer import Tokenizer


def log_odds(logits: Numbers, label: int) -> Numbers:
    """Return ln p − ln(1 − p) of a label (N,) from logits (N, classes); finite even if p rounds to 1."""
    others = np.delete(logits, label, axis=1)
    highest = others.max(1)
    return np.asarray(logits[:, label] - highest - np.log(np.exp(others - highest[:, None]).sum(1)))


class Explainer:
    """Explains the labels of texts.

    Args:
        labeller: the classifier.
        limits: limits on one request.
    """

    def __init__(self, labeller: Labeller, limits: Limits) -> None:
        self._labeller, self._limits = labeller, limits

    def explain(self, requests: Sequence[ExplainText]) -> list[Explanation]:
        """Return what each word contributed. All texts of all requests are read in one batch."""
        labels = [self._find_label(request.label) for request in requests]
        split = [self._split(request) for request in requests]
        variants = []
        for request, (_, parts) in zip(requests, split, strict=True):
            without = remover(request.text, self._tokenizer)
            variants.append([request.text, *map(without, parts)])
        return [
            self._explanation(request.text, *pieces, label, logits)
            for request, pieces, label, logits in zip(
                requests, split, labels, self._logits(variants), strict=True
            )
        ]

    def _explanation(
        self, text: str, unit: str, parts: list[Part], label: int | None, logits: Numbers
    ) -> Explanation:
        label = int(logits[0].argmax()) if label is None else label
        odds, p = log_odds(logits, label), softmax(logits)
        names = self._labeller.names
        words = [
            Contribution(
                text=text[part.begin : part.end],
                begin=part.begin,
                end=part.end,
                contribution=float(odds[0] - odds[row]),
                probability_without=float(p[row, label]),
                label_without=names[int(logits[row].argmax())],
            )
            for row, part in enumerate(parts, 1)
        ]
        return Explanation(
            label=names[label],
            probability=float(p[0, label]),
            unit=unit,
            words=words,
            probabilities=self._labeller.by_label(p[0], 0),
        )

    def prefixes(self, requests: Sequence[PrefixesOfText]) -> list[Prefixes]:
        """Return the labels of every beginning. All beginnings of all texts are read in one batch."""
        split = [self._split(request) for request in requests]
        variants = [
            [request.text[: part.end] for part in parts]
            for request, (_, parts) in zip(requests, split, strict=True)
        ]
        return [
            self._beginnings(request, *pieces, logits)
            for request, pieces, logits in zip(requests, split, self._logits(variants), strict=True)
        ]

    def _beginnings(self, request: PrefixesOfText, unit: str, parts: list[Part], logits: Numbers) -> Prefixes:
        names, p = self._labeller.names, softmax(logits) if len(logits) else logits
        best = np.argsort(-p.max(0, initial=0.0), kind="stable")[: request.top] if len(p) else ()
        words = [
            Prefix(
                text=request.text[part.begin : part.end],
                begin=part.begin,
                end=part.end,
                label=names[int(row.argmax())],
            )
            for part, row in zip(parts, logits, strict=True)
        ]
        return Prefixes(
            unit=unit, words=words, probabilities={names[int(label)]: p[:, label].tolist() for label in best}
        )

    @property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = self._labeller.runtime.artifacts.tokenizer
        assert tokenizer is not None
        return tokenizer

    def _split(self, request: ExplainText | PrefixesOfText) -> tuple[str, list[Part]]:
        check_texts([request.text], self._limits, "text")
        return find_parts(request.text, request.unit, self._tokenizer, self._limits)

    def _find_label(self, name: str) -> int | None:
        if not name:
            return None
        names = self._labeller.names
        if name not in names:
            raise ConfigError(f"label={name!r:.60}: is not a label of this model{suggestion(name, names)}")
        return names.index(name)

    def _logits(self, texts: list[list[str]]) -> Iterator[Numbers]:
        """Yield the logits (N, classes) of each list of texts."""
        logits = self._labeller.logits([text for group in texts for text in group])
        ends = np.cumsum([len(group) for group in texts])
        return iter(np.split(logits, ends[:-1]))
