"""The losses of a job on one batch, as diagnostics take them."""

from typing import Any

from torch import Tensor

from unrolled.training import Job, StepLosses


class JobLosses:
    """Runs a job on one batch and returns the losses; ``last`` says which steps they belong to."""

    def __init__(self, job: Job[Any], batch: Any) -> None:
        self._job, self._batch = job, batch
        self.last: StepLosses

    def __call__(self) -> Tensor:
        """Run the model forward and return the losses, (N, B)."""
        self.last = self._job.step_losses(self._batch, None)
        return self.last.losses
