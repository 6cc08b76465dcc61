"""The gradients of one update, added up over its batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic

import torch
from torch import nn

from unrolled.devices import move
from unrolled.training.gradients import gradient_values
from unrolled.training.job import Batch, Carried, Job
from unrolled.training.placement import Placement


@dataclass(frozen=True, eq=False)
class Accumulated:
    """The losses of the batches of one update; their gradients are in the parameters."""

    total: float
    """Sum of the plain loss over all predictions."""
    tokens: int
    """Number of predictions."""
    state: Carried
    """State after the last batch."""
    finite: bool
    """Whether every loss is finite."""
    batch: Any
    """The last batch, on the device; if a loss is not finite, the first such batch."""
    carried: Carried
    """State before that batch."""


class Accumulation(Generic[Batch]):
    """Adds up the gradients of the batches of an update.

    Each loss is weighted by the share of its batch in all predictions of the update. Where the loss is a mean
    over predictions, the gradient is then that of one large batch. A single batch keeps its gradient to the
    bit.

    Args:
        job: gives the losses.
        placement: where the batches go, and the precision of their products.
        parameters: receive the gradients.
    """

    def __init__(self, job: Job[Batch], placement: Placement, parameters: list[nn.Parameter]) -> None:
        self._job, self._placement, self._parameters = job, placement, parameters

    def run(self, batches: Sequence[Batch], state: Carried) -> Accumulated:
        """Run batches forward and backward; the parameters have no gradients yet.

        Args:
            batches: at least one, on any device.
            state: carried from the batch before, and here from each batch to the next.
        """
        total, tokens, counts = 0.0, 0, list[int]()
        shown: tuple[Batch, Carried] | None = None
        finite = True
        with self._placement.computing(self._job.model):
            for batch in batches:
                moved, before = move(batch, self._placement.device), state
                result = self._job.loss(moved, before)
                counts.append(max(result.tokens, 1))
                # Relative to the first batch: the number of all predictions is not known yet.
                (result.loss * (counts[-1] / counts[0])).backward()
                total, tokens, state = total + float(result.total), tokens + result.tokens, result.state
                if finite:
                    shown, finite = (moved, before), bool(result.loss.isfinite())
        assert shown is not None
        self._scale(counts[0] / sum(counts))
        return Accumulated(total, tokens, state, finite, *shown)

    @torch.no_grad()
    def _scale(self, factor: float) -> None:
        if factor != 1.0:
            torch._foreach_mul_(gradient_values(self._parameters), factor)
