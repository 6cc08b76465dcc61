"""The smallest network that can solve such a problem: recurrent layers, and one linear answer."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.layers import Recurrent
from unrolled.models import CellConfig, DropoutConfig, StackConfig
from unrolled.models.forecaster import NumberReader
from unrolled.models.reader import State
from unrolled.synthetic.config import SolverConfig
from unrolled.synthetic.problems import Synthetic, SyntheticBatch


class Solver(NumberReader):
    """y_t = V h_t + c at the steps that are asked about: a number, or the logits of classes.

    Args:
        problem: whose answers are learned.
        cell: the mathematics of one step.
        config: size, start and truncation.
    """

    def __init__(self, problem: Synthetic, cell: CellConfig, config: SolverConfig) -> None:
        network = StackConfig(layers=config.layers, hidden=config.hidden)
        super().__init__(problem.inputs, cell, network, DropoutConfig())
        self.problem, self.truncation = problem, config.truncation
        self.head = nn.Linear(self.features, problem.outputs)
        if config.start_std:
            self._start(config.start_std)

    @torch.no_grad()
    def _start(self, std: float) -> None:
        assert isinstance(self.recurrent, Recurrent)
        cell = self.recurrent.cell
        for name, p in self.recurrent.named_parameters():
            if name.startswith("weight_ih_"):
                p.normal_(0.0, std)
            elif name.startswith(("bias_ih_", "bias_hh_")):
                for gate, bias in zip(cell.gate_names, p.chunk(cell.gates), strict=True):
                    if gate == cell.candidate_gate:
                        bias.zero_()

    def forward(self, x: Tensor, answers: int) -> Tensor:
        """Return the answers (N, B, outputs) at the last N steps.

        Args:
            x: (T, B, I).
            answers: N.
        """
        parts: list[Tensor] = []
        state: State | None = None
        for part in x.split(self.truncation or len(x)):
            h, state = self.read(part, state and tuple(s.detach() for s in state))
            parts.append(h)
        h = torch.cat(parts) if len(parts) > 1 else parts[0]
        y: Tensor = self.head(h[len(h) - answers :])
        return y

    def losses(self, batch: SyntheticBatch) -> Tensor:
        """Return the loss of every answer, (N, B): its squared error, or its nats."""
        return self.losses_of(self(batch.x, len(batch.target)), batch.target)

    def losses_of(self, answers: Tensor, target: Tensor) -> Tensor:
        """Return the loss (N, B) of answers (N, B, outputs) to targets (N, B)."""
        if self.problem.measure == "squared error":
            return (answers[..., 0] - target).square()
        return F.cross_entropy(answers.flatten(0, 1), target.flatten(), reduction="none").view_as(target)

    def loss(self, batch: SyntheticBatch) -> Tensor:
        """Return the mean over all answers."""
        return self.losses(batch).mean()
