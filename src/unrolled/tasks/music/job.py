"""What a model of piano rolls hands to the training loop, and how it is scored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.data.buckets import buckets
from unrolled.devices import device_of, move
from unrolled.models.piano_roll import PianoRollModel
from unrolled.training import StepLoss, StepLosses, TrainingConfig, Validation
from unrolled.training.job import Carried

Roll = NDArray[np.float32]
SCORING_ROWS = 64


@dataclass(frozen=True)
class MusicScore:
    """How well pieces are predicted."""

    nats: float
    """Sum of −ln p over all steps and keys."""
    steps: int
    """Steps predicted: all but the first of each piece."""
    pieces: int

    @property
    def nll(self) -> float:
        """Nats a step, summed over the 88 keys (Boulanger-Lewandowski et al. 2012)."""
        return self.nats / self.steps

    def to_json(self) -> dict[str, float | int]:
        """Return every figure."""
        return {"nll": self.nll, "steps": self.steps, "pieces": self.pieces}

    def __str__(self) -> str:
        return (
            f"NLL {self.nll:.4f} nats a step, over 88 keys ({self.steps:,} steps of {self.pieces:,} pieces, "
            "each from its second step on)"
        )


class MusicJob:
    """The batches and the loss of a model of piano rolls."""

    def __init__(
        self, model: PianoRollModel, train: Sequence[Roll], valid: Sequence[Roll], training: TrainingConfig
    ) -> None:
        self.model = model
        self._train, self._valid, self._training = train, valid, training

    def batches(self, epoch: int) -> Iterator[list[Tensor]]:
        """See :meth:`Job.batches`: pieces of like length."""
        seed = self._training.seed * 1_000_003 + epoch
        for rows in buckets([len(r) for r in self._train], self._training.batch, seed):
            yield as_batch([self._train[i] for i in rows])

    def batch_count(self) -> int:
        """See :meth:`Job.batch_count`."""
        return -(-len(self._train) // self._training.batch)

    def loss(self, batch: list[Tensor], state: Carried) -> StepLoss:
        """See :meth:`Job.loss`: the mean over steps."""
        nats, steps = _nats(self.model, batch)
        total = nats.sum()
        return StepLoss(total / steps, total.detach(), steps, None)

    def step_losses(self, batch: list[Tensor], state: Carried) -> StepLosses:
        """See :meth:`Job.step_losses`: each step summed over keys."""
        nats, _ = _nats(self.model, batch)
        return StepLosses(nats, torch.arange(len(nats), device=nats.device))

    def validate(self) -> Validation | None:
        """Score the held-out pieces by their nats a step."""
        if not self._valid:
            return None
        nll = score_pieces(self.model, self._valid).nll
        return Validation(nll, nll)


@torch.no_grad()
def score_pieces(model: PianoRollModel, pieces: Sequence[Roll]) -> MusicScore:
    """Score pieces, each read from its beginning."""
    model.eval()
    nats = 0.0
    for rows in buckets([len(p) for p in pieces], SCORING_ROWS):
        batch = move(as_batch([pieces[i] for i in rows]), device_of(model))
        nats += float(_nats(model, batch)[0].sum())
    return MusicScore(nats, sum(len(p) - 1 for p in pieces), len(pieces))


def as_batch(pieces: Sequence[Roll]) -> list[Tensor]:
    """Return pieces (T, keys) as the batch of :class:`MusicJob`, each a tensor of its own length."""
    return [torch.from_numpy(p) for p in pieces]


def _nats(model: PianoRollModel, batch: list[Tensor]) -> tuple[Tensor, int]:
    """Return the nats of every step but the first of each piece, (T, B), and the number of steps."""
    lengths = torch.tensor([len(p) - 1 for p in batch])
    x = torch.nn.utils.rnn.pad_sequence(batch)
    return model.nats(x[:-1], x[1:], lengths.to(x.device)), int(lengths.sum())
