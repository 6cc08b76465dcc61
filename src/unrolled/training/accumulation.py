"""Gradient accumulation over the batches of one step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic

import torch
from torch import nn

from unrolled.devices import move
from unrolled.training.gradients import gradient_values
from unrolled.training.job import Batch, CarriedState, Job
from unrolled.training.placement import Placement


@dataclass(frozen=True, eq=False)
class AccumulatedLoss:
    """Losses of the batches of one step; their gradients are in ``.grad`` of the parameters."""

    total: float
    """Sum of the unsmoothed loss over all predictions."""
    tokens: int
    """Number of predictions."""
    state: CarriedState
    """State after the last batch."""
    finite: bool
    """True if every loss is finite."""
    batch: Any
    """Last batch, on the device; if a loss is not finite, the first batch with such a loss."""
    carried: CarriedState
    """State before that batch."""


class GradientAccumulator(Generic[Batch]):
    """Accumulates the gradients of the batches of a step.

    Each loss is weighted by its batch's fraction of all predictions of the step. If the loss is a mean over
    predictions, the gradient equals that of one large batch. The gradient of a single batch is left
    unchanged, to the bit.

    Args:
        job: computes the losses.
        placement: device of the batches and precision of the products.
        parameters: the parameters that receive the gradients.
    """

    def __init__(self, job: Job[Batch], placement: Placement, parameters: list[nn.Parameter]) -> None:
        self._job, self._placement, self._parameters = job, placement, parameters

    def run(self, batches: Sequence[Batch], state: CarriedState) -> AccumulatedLoss:
        """Run the forward and backward pass of batches. Gradients must be zeroed before.

        Args:
            batches: at least one, on any device.
            state: carried state after the previous batch; passed on from each batch to the next.
        """
        total, tokens, counts = 0.0, 0, list[int]()
        reported: tuple[Batch, CarriedState] | None = None
        finite = True
        with self._placement.computing(self._job.model):
            for batch in batches:
                batch_on_device, carried = move(batch, self._placement.device), state
                result = self._job.loss(batch_on_device, carried)
                counts.append(max(result.tokens, 1))
                # Weighted relative to the first batch: the total number of predictions is not known yet.
                (result.loss * (counts[-1] / counts[0])).backward()
                total, tokens, state = total + float(result.total), tokens + result.tokens, result.state
                if finite:
                    reported, finite = (batch_on_device, carried), bool(result.loss.isfinite())
        assert reported is not None
        self._scale(counts[0] / sum(counts))
        return AccumulatedLoss(total, tokens, state, finite, *reported)

    @torch.no_grad()
    def _scale(self, factor: float) -> None:
        if factor != 1.0:
            torch._foreach_mul_(gradient_values(self._parameters), factor)
