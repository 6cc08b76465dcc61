"""Memory of a language model: its loss with limited context, and with an earlier token replaced."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from unrolled.diagnostics.memory_context import ContextCurve, context_curve
from unrolled.diagnostics.memory_replacement import ReplacementCurve, replacement_curve
from unrolled.short_repr import short_repr
from unrolled.tasks import LanguageModel, Task

MAX_TEXT = 20_000
"""Maximum length of the text that targets are drawn from, in tokens."""
MAX_CONTEXT = 256
"""Longest context, in tokens."""
MAX_DISTANCE = 128
"""Maximum distance of a replaced token from the target."""
MIN_TEXT = 32
"""Minimum length of a text to measure memory, in tokens."""


@short_repr
@dataclass(frozen=True, eq=False)
class Memory:
    """Context curve, replacement curve, and the noun for a token ("character")."""

    context: ContextCurve
    replacement: ReplacementCurve
    unit: str


def measure_memory(task: Task[Any, Any], data: str | Path | None, targets: int) -> Memory | None:
    """Measure the memory of a language model of running text; None for other tasks and for short texts."""
    if not isinstance(task, LanguageModel) or task.config.corpus.mode == "sentence" or targets < 2:
        return None
    model = task.model

    def score(tokens: Tensor) -> Tensor:
        return F.cross_entropy(model.next(tokens[:-1]), tokens[-1], reduction="none")

    _, sample = task.sample(data, rows=1, steps=MAX_TEXT)
    text = sample.batch.inputs[:, 0]
    if len(text) < MIN_TEXT:
        return None
    model.eval()
    context, distance = min(MAX_CONTEXT, len(text) // 2), min(MAX_DISTANCE, len(text) // 2)
    return Memory(
        context_curve(score, text, longest=context, targets=targets),
        replacement_curve(score, text, longest=distance, targets=targets, draws=1),
        task.unit,
    )
