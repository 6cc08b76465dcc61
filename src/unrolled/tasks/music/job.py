"""Batches and loss of a music model, for the training loop."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from unrolled.data.buckets import length_buckets
from unrolled.models.music import RecurrentMusicModel
from unrolled.tasks.music.data import Roll
from unrolled.tasks.music.score import as_batch, compute_nats, score_pieces
from unrolled.training import StepLoss, StepLosses, TrainingConfig, Validation
from unrolled.training.job import CarriedState


class MusicJob:
    """The training job of a music model: batches, loss and validation."""

    def __init__(
        self,
        model: RecurrentMusicModel,
        train: Sequence[Roll],
        valid: Sequence[Roll],
        training: TrainingConfig,
    ) -> None:
        self.model = model
        self._train, self._valid, self._training = train, valid, training

    def batches(self, epoch: int) -> Iterator[list[Tensor]]:
        """See :meth:`Job.batches`: pieces of similar length."""
        seed = self._training.seed * 1_000_003 + epoch
        for rows in length_buckets([len(r) for r in self._train], self._training.batch, seed):
            yield as_batch([self._train[i] for i in rows])

    def batch_count(self) -> int:
        """See :meth:`Job.batch_count`."""
        return -(-len(self._train) // self._training.batch)

    def loss(self, batch: list[Tensor], state: CarriedState) -> StepLoss:
        """See :meth:`Job.loss`: the mean over steps."""
        nats, steps = compute_nats(self.model, batch)
        total = nats.sum()
        return StepLoss(total / steps, total.detach(), steps, None)

    def step_losses(self, batch: list[Tensor], state: CarriedState) -> StepLosses:
        """See :meth:`Job.step_losses`: the loss of each step, summed over keys."""
        nats, _ = compute_nats(self.model, batch)
        return StepLosses(nats, torch.arange(len(nats), device=nats.device))

    def first_rows(self, batch: list[Tensor], rows: int) -> list[Tensor]:
        """See :meth:`Job.first_rows`."""
        return batch[:rows]

    def validate(self) -> Validation | None:
        """Score the held-out pieces by nats per step."""
        if not self._valid:
            return None
        nll = score_pieces(self.model, self._valid).nll
        return Validation(nll, nll)
