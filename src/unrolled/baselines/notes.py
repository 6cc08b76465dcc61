"""Baselines for piano rolls: the frequency of each key, alone and given its previous step."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Roll = NDArray[np.float32]


@dataclass(frozen=True)
class NoteBaselines:
    """Mean negative log-likelihood of each baseline in nats per step, summed over the keys."""

    frequency: float
    """Each key sounds with its frequency in training."""
    previous: float
    """Each key sounds with its frequency given whether it sounded in the previous step."""


def note_baselines(train: Sequence[Roll], held_out: Sequence[Roll]) -> NoteBaselines:
    """Fit the baselines on ``train`` and score ``held_out``, pieces (T, keys), from their second step.

    One is added to every count (Laplace).
    """
    before, after = (np.concatenate([roll[part] for roll in train]) for part in (slice(-1), slice(1, None)))
    frequency = (after.sum(0) + 1) / (len(after) + 2)
    sounding = before.sum(0)
    on = ((before * after).sum(0) + 1) / (sounding + 2)
    off = (((1 - before) * after).sum(0) + 1) / (len(before) - sounding + 2)
    previous_step = np.concatenate([roll[:-1] for roll in held_out])
    truth = np.concatenate([roll[1:] for roll in held_out])
    previous = np.where(previous_step > 0, on, off)
    return NoteBaselines(_nats(truth, np.broadcast_to(frequency, truth.shape)), _nats(truth, previous))


def _nats(truth: Roll, p: NDArray[np.float64]) -> float:
    return float(-np.log(np.where(truth > 0, p, 1 - p)).sum(1).mean())
