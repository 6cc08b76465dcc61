"""Reads tokens of texts, with their log-probabilities and states."""

from collections.abc import Sequence

import numpy as np

from unrolled.arrays import Ids, Numbers
from unrolled.data.buckets import even_buckets
from unrolled.data.padding import pad_arrays
from unrolled.decoding.nonfinite import non_finite_error
from unrolled.decoding.softmax import log_softmax
from unrolled.symbols import EOS_ID
from unrolled.tasks.base.service import State
from unrolled.tasks.lm.runtime import LanguageRuntime
from unrolled.tasks.lm.stream import LanguageStream

CHUNK_LOGITS = 4_000_000
"""Maximum number of logits in memory."""
BATCH_SIZE, BATCH_STEPS = 256, 65_536
"""Most texts of a batch, and most tokens with their padding."""


def log_probabilities(logits: Numbers) -> Numbers:
    """Return ln p (…, V) of logits.

    Raises:
        NonFiniteError: if a logit is not finite.
    """
    if not np.isfinite(logits).all():
        raise non_finite_error()
    return log_softmax(logits)


def read_tokens(stream: LanguageStream, ids: Ids, lengths: Ids, before: Numbers | None) -> Numbers:
    """Read tokens (T, B); return the ln p of each, (T, B), NaN for the first ones if ``before`` is None.

    Args:
        stream: B texts.
        ids: tokens, (T, B).
        lengths: number of tokens of each row, (B,).
        before: logits (B, V) before the first token.
    """
    steps, rows = ids.shape
    scores = np.full((steps, rows), np.nan)
    if not rows:
        return scores
    chunk = max(1, CHUNK_LOGITS // (rows * stream.vocabulary))
    for begin in range(0, steps, chunk):
        part = ids[begin : begin + chunk]
        logits = stream.read(part, np.clip(lengths - begin, 0, len(part))).astype(np.float64)
        last, later = logits[-1], logits[:-1]
        previous = later if before is None else np.concatenate([before[None], later])
        picked = np.take_along_axis(
            log_probabilities(previous), part[len(part) - len(previous) :, :, None], -1
        )
        scores[begin + len(part) - len(previous) : begin + len(part)] = picked[..., 0]
        before = last
    return scores


def read_with_history(
    stream: LanguageStream, ids: Ids, before: Numbers | None, steps: int
) -> tuple[Numbers, list[State]]:
    """Read tokens (T,) of one text; return the ln p of each, (T,), and the states after the last ``steps``.

    Args:
        stream: one text.
        ids: tokens, (T,).
        before: logits (1, V) before the first token; None: its ln p is NaN.
        steps: number of states; fewer are returned for a shorter text.
    """
    rest = max(0, len(ids) - steps)
    parts = [ids[:rest], *ids[rest:].reshape(-1, 1)]
    scores: list[Numbers] = []
    states: list[State] = []
    for number, part in enumerate(parts):
        if len(part):
            scores.append(read_tokens(stream, part[:, None], np.array([len(part)]), before)[:, 0])
            before = stream.logits.astype(np.float64)
        if number:
            states.append(stream.state())
    return np.concatenate(scores or [np.empty(0)]), states


def score_texts(runtime: LanguageRuntime, encoded: Sequence[Ids]) -> list[Numbers]:
    """Return the ln p of each token of texts, each read from the beginning of a text."""
    result = [np.empty(0)] * len(encoded)
    begun = [np.concatenate([[EOS_ID], tokens]) for tokens in encoded]
    size = max(1, min(BATCH_SIZE, CHUNK_LOGITS // runtime.tokenizer.size))  # a step of each has few logits
    for rows in even_buckets([len(tokens) for tokens in begun], size, BATCH_STEPS):
        ids, lengths = pad_arrays([begun[row] for row in rows], EOS_ID)
        scores = read_tokens(runtime.stream(len(rows)), ids, lengths, None)
        for column, (row, length) in enumerate(zip(rows.tolist(), lengths.tolist(), strict=True)):
            result[row] = scores[1:length, column]
    return result


def first_tokens(runtime: LanguageRuntime, text: str, *, begins: bool) -> tuple[Ids, bool]:
    """Return the tokens of a text, and whether the state is reset before them.

    Args:
        runtime: the model.
        text: what is read.
        begins: whether the text begins here: nothing was read before it.
    """
    if begins:
        return runtime.first_ids(text), True
    ids = runtime.tokenizer.encode(text)
    ends = np.flatnonzero(ids == EOS_ID)
    if runtime.is_separate and len(ends):  # only the sentence after the last end matters
        return ids[ends[-1] :], True
    return ids, False
