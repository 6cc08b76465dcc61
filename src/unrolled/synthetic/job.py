"""The training job of a synthetic problem: new sequences for every update, fixed held-out sequences."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from unrolled.devices import get_device, move
from unrolled.synthetic.config import PracticeConfig
from unrolled.synthetic.model import ProblemNetwork
from unrolled.synthetic.problems import SyntheticBatch
from unrolled.training import StepLoss, StepLosses, Validation
from unrolled.training.job import CarriedState

HELD_OUT = 0
"""First number of the seeds of held-out sequences; for training sequences it is the run's seed plus 1."""
SCORING_ROWS = 100
"""Batch size for scoring."""


@dataclass(frozen=True)
class Score:
    """Loss and accuracy on held-out sequences."""

    loss: float
    """Mean loss over all answers: squared error, or nats."""
    accuracy: float | None
    """Fraction of correct answers among those that need memory; None if the answers are numbers."""


class ProblemJob:
    """Provides the batches and the loss of a problem to the training loop.

    Args:
        model: the model to train.
        practice: sizes and seed.
    """

    def __init__(self, model: ProblemNetwork, practice: PracticeConfig) -> None:
        self.model, self._practice = model, practice
        starts = range(0, practice.held_out, SCORING_ROWS)
        self._held_out = [
            model.problem.draw(min(SCORING_ROWS, practice.held_out - start), HELD_OUT, start)
            for start in starts
        ]

    def batches(self, epoch: int) -> Iterator[SyntheticBatch]:
        """See :meth:`Job.batches`: every update gets new sequences."""
        practice, full = self._practice, self.model.problem
        for update in range(practice.updates):
            problem = full.at_distance(practice.distance_at(update, full.distance))
            yield problem.draw(practice.batch, HELD_OUT + 1 + practice.seed, update)

    def batch_count(self) -> int:
        """See :meth:`Job.batch_count`: all updates are one epoch."""
        return self._practice.updates

    def loss(self, batch: SyntheticBatch, state: CarriedState) -> StepLoss:
        """See :meth:`Job.loss`: the mean over all answers."""
        losses = self.model.losses(batch)
        return StepLoss(losses.mean(), losses.detach().sum(), losses.numel(), None)

    def step_losses(self, batch: SyntheticBatch, state: CarriedState) -> StepLosses:
        """See :meth:`Job.step_losses`: one loss per answer."""
        losses = self.model.losses(batch)
        times = torch.arange(len(batch.x) - len(losses), len(batch.x), device=losses.device)
        return StepLosses(losses, times)

    def first_rows(self, batch: SyntheticBatch, rows: int) -> SyntheticBatch:
        """See :meth:`Job.first_rows`."""
        return batch.first_rows(rows)

    def validate(self) -> Validation | None:
        """Return the loss and accuracy on the held-out sequences as a validation."""
        score = self.score()
        metrics = {} if score.accuracy is None else {"accuracy": score.accuracy}
        return Validation(score.loss, score.loss, metrics)

    @torch.no_grad()
    def score(self) -> Score:
        """Compute loss and accuracy on the held-out sequences."""
        self.model.eval()
        device = get_device(self.model)
        batch_sums = [_sum_scores(self.model, move(batch, device)) for batch in self._held_out]
        loss, correct, scored, answers = (sum(values) for values in zip(*batch_sums, strict=True))
        has_classes = self.model.problem.loss_kind == "cross-entropy"
        return Score(loss / answers, correct / scored if has_classes else None)


def _sum_scores(model: ProblemNetwork, batch: SyntheticBatch) -> tuple[float, int, int, int]:
    """Return the summed loss, and counts of correct answers, answers that need memory, and all answers."""
    outputs = model(batch.x, len(batch.target))
    losses = model.losses_from_outputs(outputs, batch.target)
    target = batch.target[-model.problem.memory_steps :]
    correct = outputs[-len(target) :].argmax(-1) == target
    return float(losses.double().sum()), int(correct.sum()), target.numel(), losses.numel()
