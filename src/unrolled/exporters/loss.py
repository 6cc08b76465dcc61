"""What a lower precision costs: the loss of a language model on held-out text, before and after."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data import IGNORE
from unrolled.decoding.softmax import log_softmax
from unrolled.exporters.result import FormatResult
from unrolled.exporters.subject import Subject

Logits = Callable[[NDArray[np.int64]], NDArray[np.floating[Any]]]
"""Maps tokens (T, B), read from the initial state, to logits (T, B, V)."""
BLOCK = 100


def compare_loss(subject: Subject, precision: str, exact: Logits, rounded: Logits) -> FormatResult:
    """Return the mean −ln p of held-out tokens in float32 and in a lower precision.

    Empty for other models than language models, and without held-out data.
    """
    if subject.task is None or subject.name != "lm":
        return FormatResult(())
    batch = subject.held_out
    if batch is None:
        return FormatResult((f"the loss in {precision} was not measured: there are no held-out data",))
    tokens, targets = (t.numpy() for t in (batch.inputs, batch.targets))
    before, after = (_loss(run(tokens), targets) for run in (exact, rounded))
    cost = after / before - 1
    line = (
        f"held-out text: {before:.4f} nats/{subject.task.unit} in float32, {after:.4f} in {precision} "
        f"({100 * cost:+.2f}%), {int((targets != IGNORE).sum()):,} {subject.task.unit}s"
    )
    return FormatResult((line,), {"loss_float32": before, f"loss_{precision}": after, "cost": cost})


def _loss(logits: NDArray[np.floating[Any]], targets: NDArray[np.int64]) -> float:
    """Return the mean −ln p of the targets (T, B)."""
    known = targets != IGNORE
    chosen = np.take_along_axis(log_softmax(logits), np.where(known, targets, 0)[..., None], -1)[..., 0]
    return float(-chosen[known].mean())
