"""A recurrent network for the synthetic memory problems (adding, copy, recall) of problems.py."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unrolled.layers import Recurrent
from unrolled.models import CellConfig, DropoutConfig, StackConfig
from unrolled.models.forecaster import VectorEncoder
from unrolled.models.token_encoder import State
from unrolled.synthetic.config import SolverConfig
from unrolled.synthetic.problems import SyntheticBatch, SyntheticProblem


class ProblemNetwork(VectorEncoder):
    """Recurrent network with a linear output layer at the last steps, where the problem asks for answers.

    The output y_t = V h_t + c is a number, or the logits of classes.

    Args:
        problem: the problem to learn.
        cell: configuration of the recurrent cell.
        config: size, initialisation and truncation.
    """

    def __init__(self, problem: SyntheticProblem, cell: CellConfig, config: SolverConfig) -> None:
        network = StackConfig(layers=config.layers, hidden=config.hidden)
        super().__init__(problem.inputs, cell, network, DropoutConfig())
        self.problem, self.truncation = problem, config.truncation
        self.head = nn.Linear(self.features, problem.outputs)
        if config.start_std:
            self._initialise_small(config.start_std)

    @torch.no_grad()
    def _initialise_small(self, std: float) -> None:
        """Draw the input weights from a normal distribution; set the bias of the candidate state to zero."""
        assert isinstance(self.recurrent, Recurrent)
        cell = self.recurrent.cell
        for name, p in self.recurrent.named_parameters():
            if name.startswith("weight_ih_"):
                p.normal_(0.0, std)
            elif name.startswith(("bias_ih_", "bias_hh_")):
                for gate, bias in zip(cell.gate_names, p.chunk(cell.gates), strict=True):
                    if gate == cell.candidate_gate:
                        bias.zero_()

    def forward(self, x: Tensor, answer_steps: int) -> Tensor:
        """Return the outputs (N, B, outputs) of the last N steps.

        Args:
            x: inputs, (T, B, I).
            answer_steps: N, the number of answer steps.
        """
        chunks: list[Tensor] = []
        state: State | None = None
        for chunk in x.split(self.truncation or len(x)):
            h, state = self.read(chunk, state and tuple(s.detach() for s in state))
            chunks.append(h)
        h = torch.cat(chunks) if len(chunks) > 1 else chunks[0]
        y: Tensor = self.head(h[len(h) - answer_steps :])
        return y

    def losses(self, batch: SyntheticBatch) -> Tensor:
        """Return the loss of every answer, (N, B): squared error, or cross-entropy in nats."""
        return self.losses_from_outputs(self(batch.x, len(batch.target)), batch.target)

    def losses_from_outputs(self, outputs: Tensor, target: Tensor) -> Tensor:
        """Return the losses (N, B) of outputs (N, B, outputs) for targets (N, B)."""
        if self.problem.loss_kind == "squared error":
            return (outputs[..., 0] - target).square()
        return F.cross_entropy(outputs.flatten(0, 1), target.flatten(), reduction="none").view_as(target)

    def loss(self, batch: SyntheticBatch) -> Tensor:
        """Return the mean loss over all answers."""
        return self.losses(batch).mean()
