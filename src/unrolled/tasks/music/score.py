"""Scores of a music model."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.data.buckets import length_buckets
from unrolled.devices import get_device, move
from unrolled.models.music import RecurrentMusicModel
from unrolled.short_repr import short_repr
from unrolled.tasks.music.data import Roll
from unrolled.wording import counted

BATCH_SIZE = 64
BASELINES = {"frequency": "how often each key sounds", "previous": "each key after itself"}
"""Names of the baselines, by the fields of :class:`unrolled.baselines.NoteBaselines`."""


@short_repr
@dataclass(frozen=True)
class MusicScore:
    """The negative log-likelihood of pieces."""

    nats: float
    """Sum of −ln p over all steps and keys."""
    steps: int
    """Number of predicted steps: all except the first of each piece."""
    pieces: int

    @property
    def nll(self) -> float:
        """Negative log-likelihood in nats per step, summed over keys (Boulanger-Lewandowski et al. 2012)."""
        return self.nats / self.steps

    def to_json(self) -> dict[str, float | int]:
        """Return all scores as JSON values."""
        return {"nll": self.nll, "steps": self.steps, "pieces": self.pieces}

    def __str__(self) -> str:
        return (
            f"NLL {self.nll:.4f} nats per step, over 88 keys ({counted(self.steps, 'step')} of "
            f"{counted(self.pieces, 'piece')}, each from its second step on)"
        )


@torch.no_grad()
def score_pieces(model: RecurrentMusicModel, pieces: Sequence[Roll]) -> MusicScore:
    """Return the score of complete pieces, each with a zero initial state."""
    model.eval()
    nats = 0.0
    for rows in length_buckets([len(p) for p in pieces], BATCH_SIZE):
        batch = move(as_batch([pieces[i] for i in rows]), get_device(model))
        nats += float(compute_nats(model, batch)[0].sum())
    return MusicScore(nats, sum(len(p) - 1 for p in pieces), len(pieces))


def as_batch(pieces: Sequence[Roll]) -> list[Tensor]:
    """Return pieces (T_i, keys) of different lengths as a batch: a list of tensors."""
    return [torch.from_numpy(p) for p in pieces]


def compute_nats(model: RecurrentMusicModel, batch: list[Tensor]) -> tuple[Tensor, int]:
    """Return the nats of all steps except the first of each piece, (T, B), and the number of steps."""
    lengths = torch.tensor([len(p) - 1 for p in batch])
    x = torch.nn.utils.rnn.pad_sequence(batch)
    return model.nats(x[:-1], x[1:], lengths.to(x.device)), int(lengths.sum())
