"""Scores of the sentences, lines or tokens of a text, one row each."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from unrolled.arrays import Ids, Numbers
from unrolled.data import Document, Sentences, TokenStream, join_documents
from unrolled.tasks.lm.data import Tokens, all_ids
from unrolled.tasks.lm.lines import prepare_text
from unrolled.text import EOS_ID, UNK_ID, Tokenizer

RowUnit = Literal["sentence", "line", "token"]


@dataclass(frozen=True)
class Row:
    """The score of one sentence, line or token of a text."""

    document: str
    line: int
    """Line number in the document, from 1."""
    text: str
    tokens: int
    unknown: int
    log_probability: float
    """Σ ln p over its tokens."""

    @property
    def mean(self) -> float:
        """Mean ln p per token."""
        return self.log_probability / max(self.tokens, 1)

    @property
    def perplexity(self) -> float:
        """exp(−mean)."""
        return math.exp(min(-self.mean, 700.0))


def split_lines(documents: list[Document], tokenizer: Tokenizer, line_mode: str) -> list[Document]:
    """Return every line that is not blank as a document with the name ``name:line``."""
    line_documents = []
    for document in documents:
        lines = prepare_text(document.text, tokenizer.kind, line_mode).split("\n")
        line_documents += [
            Document(f"{document.name}:{number}", line)
            for number, line in enumerate(lines, 1)
            if line.strip()
        ]
    return line_documents


def tokenize_lines(lines: list[Document], tokenizer: Tokenizer) -> TokenStream:
    """Tokenize each line as a separate document. The line end is part of it and is scored too."""
    newline_ids = tokenizer.encode("\n")
    # If the vocabulary lacks "\n", lines get no line end.
    line_end_ids = newline_ids if (newline_ids != UNK_ID).all() else newline_ids[:0]
    encoded = [np.concatenate([tokenizer.encode(line.text), line_end_ids]) for line in lines]
    return join_documents(encoded, EOS_ID, ends_lines=tokenizer.ends_lines)


def separate_line_rows(
    lines: list[Document], tokens: TokenStream, tokenizer: Tokenizer, log_probabilities: Numbers
) -> Iterator[Row]:
    """Yield a row for each line that :func:`tokenize_lines` tokenized.

    Some tokenizers use ``<eos>`` only to separate documents; that ``<eos>`` does not count in any row.
    """
    separators = 0 if tokenizer.ends_lines else 1
    ids = tokens.ids[1:]
    boundaries = np.append(tokens.starts, len(ids) + separators)
    for line, (begin, boundary) in zip(lines, itertools.pairwise(boundaries.tolist()), strict=True):
        name, _, number = line.name.rpartition(":")
        end = boundary - separators
        yield _row(name, int(number), line.text, ids[begin:end], log_probabilities[begin:end])


def stream_line_rows(
    documents: list[Document], tokens: Tokens, tokenizer: Tokenizer, log_probabilities: Numbers
) -> Iterator[Row]:
    """Yield a row for each line of documents that were scored as a whole.

    A token that contains a line break counts for the line where it begins.
    """
    for name, lines, ids, token_log_probabilities in _split_scores(
        documents, tokens, tokenizer, log_probabilities
    ):
        boundaries = np.flatnonzero(np.diff(lines)) + 1
        for begin, end in itertools.pairwise([0, *boundaries.tolist(), len(ids)]):
            text = tokenizer.decode(ids[begin:end].tolist()).rstrip("\n")
            yield _row(name, int(lines[begin]), text, ids[begin:end], token_log_probabilities[begin:end])


def token_rows(
    documents: list[Document], tokens: Tokens, tokenizer: Tokenizer, log_probabilities: Numbers
) -> Iterator[Row]:
    """Yield a row for each token."""
    names = tokenizer.tokens
    for name, lines, ids, token_log_probabilities in _split_scores(
        documents, tokens, tokenizer, log_probabilities
    ):
        for line, token, log_probability in zip(
            lines.tolist(), ids.tolist(), token_log_probabilities.tolist(), strict=True
        ):
            yield Row(name, line, names[token], 1, int(token == UNK_ID), log_probability)


def _split_scores(
    documents: list[Document], tokens: Tokens, tokenizer: Tokenizer, log_probabilities: Numbers
) -> Iterator[tuple[str, Ids, Ids, Numbers]]:
    """Yield (document name, line number of each token, token ids, log-probabilities).

    One item per document, or one per sentence if ``tokens`` are Sentences.
    """
    ids = all_ids(tokens)[1:]
    if isinstance(tokens, Sentences):
        line_numbers = [
            (d.name, n) for d in documents for n, line in enumerate(d.text.split("\n"), 1) if line.strip()
        ]
        ends = np.cumsum([len(s) + 1 for s in tokens.items])
        for (name, number), begin, end in zip(line_numbers, np.append(0, ends), ends, strict=False):
            yield name, np.full(end - begin, number), ids[begin:end], log_probabilities[begin:end]
        return
    breaks_per_token = np.array([tokenizer.decode([i]).count("\n") for i in range(tokenizer.size)])
    boundaries = np.append(tokens.starts, len(ids))
    for document, (begin, end) in zip(documents, itertools.pairwise(boundaries.tolist()), strict=True):
        line_ends = breaks_per_token[ids[begin:end]]
        yield (
            document.name,
            np.cumsum(line_ends) - line_ends + 1,
            ids[begin:end],
            log_probabilities[begin:end],
        )


def _row(name: str, line: int, text: str, ids: Ids, log_probabilities: Numbers) -> Row:
    return Row(name, line, text, len(ids), int((ids == UNK_ID).sum()), float(log_probabilities.sum()))
