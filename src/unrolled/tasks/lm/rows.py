"""Scores of the parts of a text: its sentences, lines or tokens, one row each."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from unrolled.data import Document, Sentences, TokenStream, join_documents
from unrolled.tasks.lm.data import Tokens, all_ids
from unrolled.tasks.lm.lines import prepare_text
from unrolled.text import EOS_ID, UNK_ID, Tokenizer
from unrolled.text.tokenizer import Ids

Part = Literal["sentence", "line", "token"]
Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """The score of one part of a text."""

    document: str
    line: int
    """From 1, in its document."""
    text: str
    tokens: int
    unknown: int
    log_probability: float
    """Σ ln p over its tokens."""

    @property
    def mean(self) -> float:
        """ln p of a token, on average."""
        return self.log_probability / max(self.tokens, 1)

    @property
    def perplexity(self) -> float:
        """exp(−mean)."""
        return math.exp(min(-self.mean, 700.0))


def split_lines(documents: list[Document], tokenizer: Tokenizer, mode: str) -> list[Document]:
    """Return every line that is not blank as a document, named by its place ``name:line``."""
    found = []
    for document in documents:
        lines = prepare_text(document.text, tokenizer.kind, mode).split("\n")
        found += [
            Document(f"{document.name}:{number}", line)
            for number, line in enumerate(lines, 1)
            if line.strip()
        ]
    return found


def separate(lines: list[Document], tokenizer: Tokenizer) -> TokenStream:
    """Return lines as tokens, each read by itself as a document; its line end is predicted too."""
    end = tokenizer.encode("\n")
    closing = end if (end != UNK_ID).all() else end[:0]  # the model may know no line ends
    encoded = [np.concatenate([tokenizer.encode(line.text), closing]) for line in lines]
    return join_documents(encoded, EOS_ID, ends_lines=tokenizer.ends_lines)


def sentence_rows(
    lines: list[Document], tokens: TokenStream, tokenizer: Tokenizer, scores: Scores
) -> Iterator[Row]:
    """Yield a row for each of the lines that :func:`separate` made tokens of.

    The ``<eos>`` that parts lines which do not end with one belongs to none of them.
    """
    marks = 0 if tokenizer.ends_lines else 1
    ids = tokens.ids[1:]
    edges = np.append(tokens.starts, len(ids) + marks)
    for line, (begin, edge) in zip(lines, itertools.pairwise(edges.tolist()), strict=True):
        name, _, number = line.name.rpartition(":")
        end = edge - marks
        yield _row(name, int(number), line.text, ids[begin:end], scores[begin:end])


def line_rows(
    documents: list[Document], tokens: Tokens, tokenizer: Tokenizer, scores: Scores
) -> Iterator[Row]:
    """Yield a row for each line of running text; a token belongs to the line in which it begins."""
    for name, lines, ids, part in _documents(documents, tokens, tokenizer, scores):
        edges = np.flatnonzero(np.diff(lines)) + 1
        for begin, end in itertools.pairwise([0, *edges.tolist(), len(ids)]):
            text = tokenizer.decode(ids[begin:end].tolist()).rstrip("\n")
            yield _row(name, int(lines[begin]), text, ids[begin:end], part[begin:end])


def token_rows(
    documents: list[Document], tokens: Tokens, tokenizer: Tokenizer, scores: Scores
) -> Iterator[Row]:
    """Yield a row for each token."""
    names = tokenizer.tokens
    for name, lines, ids, part in _documents(documents, tokens, tokenizer, scores):
        for line, number, score in zip(lines.tolist(), ids.tolist(), part.tolist(), strict=True):
            yield Row(name, line, names[number], 1, int(number == UNK_ID), score)


def _documents(
    documents: list[Document], tokens: Tokens, tokenizer: Tokenizer, scores: Scores
) -> Iterator[tuple[str, Ids, Ids, Scores]]:
    """Yield name, line of each token, tokens and scores of every document."""
    ids = all_ids(tokens)[1:]
    if isinstance(tokens, Sentences):
        numbers = [
            (d.name, n) for d in documents for n, line in enumerate(d.text.split("\n"), 1) if line.strip()
        ]
        ends = np.cumsum([len(s) + 1 for s in tokens.items])
        for (name, number), begin, end in zip(numbers, np.append(0, ends), ends, strict=False):
            yield name, np.full(end - begin, number), ids[begin:end], scores[begin:end]
        return
    breaks = np.array([tokenizer.decode([i]).count("\n") for i in range(tokenizer.size)])
    edges = np.append(tokens.starts, len(ids))
    for document, (begin, end) in zip(documents, itertools.pairwise(edges.tolist()), strict=True):
        here = breaks[ids[begin:end]]
        yield document.name, np.cumsum(here) - here + 1, ids[begin:end], scores[begin:end]


def _row(name: str, line: int, text: str, ids: Ids, scores: Scores) -> Row:
    return Row(name, line, text, len(ids), int((ids == UNK_ID).sum()), float(scores.sum()))
