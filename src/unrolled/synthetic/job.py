"""What a problem hands to the training loop: new sequences at every update, and fixed held-out ones."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from unrolled.devices import device_of, move
from unrolled.synthetic.config import PracticeConfig
from unrolled.synthetic.model import Solver
from unrolled.synthetic.problems import SyntheticBatch
from unrolled.training import StepLoss, StepLosses, Validation
from unrolled.training.job import Carried

HELD_OUT = 0
"""First number of the seeds of held-out sequences; that of training is the run's seed and 1."""
SCORING_ROWS = 100


@dataclass(frozen=True)
class Score:
    """How well held-out sequences are answered."""

    loss: float
    """Mean over all answers: squared error, or nats."""
    accuracy: float | None
    """Share of right answers among those that need memory; None where answers are numbers."""


class SolverJob:
    """The batches and the loss of a problem.

    Args:
        model: what learns.
        practice: sizes and seed.
    """

    def __init__(self, model: Solver, practice: PracticeConfig) -> None:
        self.model, self._practice = model, practice
        begins = range(0, practice.held_out, SCORING_ROWS)
        self._held_out = [
            model.problem.draw(min(SCORING_ROWS, practice.held_out - begin), HELD_OUT, begin)
            for begin in begins
        ]

    def batches(self, epoch: int) -> Iterator[SyntheticBatch]:
        """See :meth:`Job.batches`: no two updates see the same sequences."""
        practice, whole = self._practice, self.model.problem
        for update in range(practice.updates):
            problem = whole.at(practice.distance_at(update, whole.distance))
            yield problem.draw(practice.batch, HELD_OUT + 1 + practice.seed, update)

    def batch_count(self) -> int:
        """See :meth:`Job.batch_count`: all updates are one epoch."""
        return self._practice.updates

    def loss(self, batch: SyntheticBatch, state: Carried) -> StepLoss:
        """See :meth:`Job.loss`: the mean over all answers."""
        losses = self.model.losses(batch)
        return StepLoss(losses.mean(), losses.detach().sum(), losses.numel(), None)

    def step_losses(self, batch: SyntheticBatch, state: Carried) -> StepLosses:
        """See :meth:`Job.step_losses`: one of each answer."""
        losses = self.model.losses(batch)
        times = torch.arange(len(batch.x) - len(losses), len(batch.x), device=losses.device)
        return StepLosses(losses, times)

    def first_rows(self, batch: SyntheticBatch, rows: int) -> SyntheticBatch:
        """See :meth:`Job.first_rows`."""
        return batch.first_rows(rows)

    def validate(self) -> Validation | None:
        """Score the held-out sequences by their loss."""
        score = self.score()
        figures = {} if score.accuracy is None else {"accuracy": score.accuracy}
        return Validation(score.loss, score.loss, figures)

    @torch.no_grad()
    def score(self) -> Score:
        """Return how well the held-out sequences are answered."""
        self.model.eval()
        device = device_of(self.model)
        found = [_score(self.model, move(batch, device)) for batch in self._held_out]
        losses, right, asked, answers = (sum(parts) for parts in zip(*found, strict=True))
        classes = self.model.problem.measure == "cross-entropy"
        return Score(losses / answers, right / asked if classes else None)


def _score(model: Solver, batch: SyntheticBatch) -> tuple[float, int, int, int]:
    """Return the sum of losses, and how many answers that need memory are right, are asked for, and all."""
    answers = model(batch.x, len(batch.target))
    losses = model.losses_of(answers, batch.target)
    asked = batch.target[-model.problem.recalled :]
    right = answers[-len(asked) :].argmax(-1) == asked
    return float(losses.double().sum()), int(right.sum()), asked.numel(), losses.numel()
