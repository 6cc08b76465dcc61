"""Losses of a job on one batch, in the form that diagnostics need."""

from typing import Any

from torch import Tensor

from unrolled.training import Job, StepLosses


class JobLosses:
    """Callable that runs a job on one batch and returns the losses.

    ``last`` holds the :class:`~unrolled.training.StepLosses` of the last call, with the steps of the losses.
    """

    def __init__(self, job: Job[Any], batch: Any) -> None:
        self._job, self._batch = job, batch
        self.last: StepLosses

    def __call__(self) -> Tensor:
        """Run the forward pass and return the losses, (N, B)."""
        self.last = self._job.step_losses(self._batch, None)
        return self.last.losses
