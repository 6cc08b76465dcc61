"""Memory of a language model in practice: its loss with less context, and with a token before replaced."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from unrolled.diagnostics.memory_context import ContextCurve, context_curve
from unrolled.diagnostics.memory_replacement import ReplacementCurve, replacement_curve
from unrolled.short_repr import short_repr
from unrolled.tasks import LanguageModel, Task

TEXT = 20_000
"""Length of the text that targets are drawn from, at most, in tokens."""
LONGEST = 256
"""Longest context, in tokens."""
FURTHEST = 128
"""Furthest token before a target that is replaced."""
SHORTEST = 32
"""Shortest text from which memory is measured, in tokens."""


@short_repr
@dataclass(frozen=True, eq=False)
class Memory:
    """The two curves, and the name of a token ("character")."""

    context: ContextCurve
    replacement: ReplacementCurve
    unit: str


def memory_of(task: Task[Any, Any], data: str | Path | None, targets: int) -> Memory | None:
    """Measure the memory of a language model of running text; None for any other, or too short a text."""
    if not isinstance(task, LanguageModel) or task.config.corpus.mode == "sentence" or targets < 2:
        return None
    model = task.model

    def score(tokens: Tensor) -> Tensor:
        return F.cross_entropy(model.next(tokens[:-1]), tokens[-1], reduction="none")

    _, sample = task.sample(data, rows=1, steps=TEXT)
    text = sample.batch.inputs[:, 0]
    if len(text) < SHORTEST:
        return None
    model.eval()
    longest, furthest = min(LONGEST, len(text) // 2), min(FURTHEST, len(text) // 2)
    return Memory(
        context_curve(score, text, longest=longest, targets=targets),
        replacement_curve(score, text, longest=furthest, targets=targets, draws=1),
        task.unit,
    )
