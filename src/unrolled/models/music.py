"""The recurrent model of piano rolls, which predicts a probability for each key of the next step."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.cells import State
from unrolled.layers import Stack
from unrolled.models.config import CellConfig, DropoutConfig, StackConfig
from unrolled.models.forecaster import VectorEncoder


class RecurrentMusicModel(VectorEncoder):
    """Piano-roll model: p(x_{t+1} | x_1 … x_t) = Π_k Bernoulli(x_{t+1,k}; σ(V h_t + c)_k) over keys k.

    Keys are independent given h: this is the RNN of Boulanger-Lewandowski et al. (2012) without a joint model
    of chords.

    Args:
        keys: number of keys; each is 0 or 1 at every step.
        cell: configuration of the cell.
        network: sizes and connections.
        dropout: dropout rates.
    """

    def __init__(self, keys: int, cell: CellConfig, network: StackConfig, dropout: DropoutConfig) -> None:
        super().__init__(keys, cell, network, dropout)
        self.keys = keys
        self.head = nn.Linear(self.features, keys)

    def forward(
        self, x: Tensor, state: State | None = None, *, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Return the logits (T, B, keys) of the next step at every step, and the final state."""
        h, final = self.read(x, state, lengths=lengths)
        return self.head(h), final

    def nats(self, x: Tensor, target: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return −ln p of every next step, summed over keys, (T, B); zero past the length of a row.

        Args:
            x: (T, B, keys).
            target: next step of each step, (T, B, keys).
            lengths: number of steps of each row.
        """
        logits, _ = self(x, lengths=lengths)
        nats = F.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(-1)
        if lengths is None:
            return nats
        return nats * (torch.arange(len(nats), device=nats.device)[:, None] < lengths)

    def parts(self) -> list[str | Stack]:
        """Return the parts of the model for :func:`unrolled.models.summary.summarise`."""
        return [
            f"output   p_t = σ(V h_t + c)   {self.features} → {self.keys} keys of step t + 1",
            self.recurrent,
            f"input    x_t: the keys of step t, 0 or 1   {self.keys}",
        ]
