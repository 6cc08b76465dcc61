"""Recurrent forecasters: recursive (one step at a time) or direct (all steps of a horizon together)."""

import torch
from torch import Tensor, nn

from unrolled.cells import State
from unrolled.layers import Stack
from unrolled.models.body import RecurrentBody
from unrolled.models.config import CellConfig, DropoutConfig, StackConfig
from unrolled.models.forecast_outputs import ForecastOutput
from unrolled.models.token_encoder import make_dropout, make_stack


class VectorEncoder(RecurrentBody):
    """Encoder of vectors: recurrent layers with dropout before and after.

    Args:
        inputs: I, size of the vectors.
        cell: configuration of the cell.
        network: sizes and connections.
        dropout: dropout rates.
    """

    def __init__(self, inputs: int, cell: CellConfig, network: StackConfig, dropout: DropoutConfig) -> None:
        super().__init__()
        self.input_dropout = make_dropout(dropout.dropout_input, dropout)
        self.recurrent = make_stack(inputs, cell, network, dropout)
        self.output_dropout = make_dropout(dropout.dropout_output, dropout)

    def read(
        self, x: Tensor, state: State | None = None, *, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Return the features of every step (T, B, F), after dropout, and the final state.

        Args:
            x: (T, B, I).
            state: state returned by the last call; None means zeros.
            lengths: number of steps of each row.
        """
        h, final = self.recurrent(self.input_dropout(x), state, lengths=lengths)
        return self.output_dropout(h), final if isinstance(final, tuple) else (final,)


class RecursiveForecaster(VectorEncoder):
    """One-step forecaster, p(z_t | z_1 … z_{t−1}, known_1 … known_t), which is fed its own forecasts.

    x_t = (z_{t−1}, known_t); y_t = V h_t + c is the forecast of z_t (Salinas et al. 2020, DeepAR).

    Args:
        known: number of covariates known ahead.
        output: output type, which interprets y_t.
        cell: configuration of the cell.
        network: sizes and connections.
        dropout: dropout rates.
    """

    def __init__(
        self,
        known: int,
        output: ForecastOutput,
        cell: CellConfig,
        network: StackConfig,
        dropout: DropoutConfig,
    ) -> None:
        super().__init__(1 + known, cell, network, dropout)
        self.output = output
        self.head = nn.Linear(self.features, output.size)

    def forward(
        self, x: Tensor, state: State | None = None, *, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Return y (T, B, P) of every step, each given the true values before it, and the final state."""
        h, final = self.read(x, state, lengths=lengths)
        return self.head(h), final

    def roll_out(self, y: Tensor, state: State, known: Tensor, *, draw: bool) -> Tensor:
        """Continue the forecast from the first step; each step reads the value of the previous one.

        Args:
            y: network outputs of the first step, (B, P).
            state: state after the first step.
            known: covariates of all H steps, (H, B, covariates).
            draw: sample the value of each step; otherwise use the point forecast.

        Returns:
            z (B, H).
        """
        choose_value = self.output.sample if draw else self.output.centre
        steps = [choose_value(y)]
        for covariates in known[1:]:
            h, state = self.read(torch.cat([steps[-1][:, None], covariates], -1)[None], state)
            steps.append(choose_value(self.head(h[0])))
        return torch.stack(steps, 1)

    def parts(self) -> list[str | Stack]:
        """Return the parts of the model for :func:`unrolled.models.summary.summarise`."""
        kind = type(self.output).__name__
        return [
            f"output   y_t = V h_t + c   {self.features} → {self.output.size} ({kind} of z_t)",
            self.recurrent,
            f"input    x_t = (z_(t-1), known_t)   1 + {self.recurrent.input_size - 1}",
        ]


class DirectForecaster(VectorEncoder):
    """Forecaster of all steps of a horizon from one state, p(z_{t+k} | z_1 … z_t, covariates), k = 1 … H.

    x_t = (z_t, past_t, known_t); y_{t,k} = V tanh(A_k h_t + B known_{t+k}) + c. In training, every step of a
    window is an origin (forking sequences, Wen et al. 2017).

    Args:
        past: number of covariates that are only known up to the current step.
        known: number of covariates known ahead.
        horizon: H.
        output: output type, which interprets y_{t,k}.
        cell: configuration of the cell.
        network: sizes and connections.
        dropout: dropout rates.
    """

    def __init__(
        self,
        past: int,
        known: int,
        horizon: int,
        output: ForecastOutput,
        cell: CellConfig,
        network: StackConfig,
        dropout: DropoutConfig,
    ) -> None:
        super().__init__(1 + past + known, cell, network, dropout)
        self.output, self.horizon, self.size = output, horizon, network.hidden
        self.steps = nn.Linear(self.features, horizon * self.size)
        self.ahead = nn.Linear(known, self.size, bias=False) if known else None
        self.head = nn.Linear(self.size, output.size)

    def forward(
        self, x: Tensor, known: Tensor, state: State | None = None, *, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Return y (T, B, H, P) with every step as origin, and the final state.

        Args:
            x: (T, B, I).
            known: covariates of steps 2 … T + H, (T + H − 1, B, covariates).
            state: state returned by the last call; None means zeros.
            lengths: number of steps of each row.
        """
        h, final = self.read(x, state, lengths=lengths)
        ahead = None if self.ahead is None else self.ahead(known).unfold(0, self.horizon, 1).movedim(-1, -2)
        return self._apply_head(h, ahead), final

    def forecast_horizon(self, h: Tensor, known: Tensor) -> Tensor:
        """Return y (B, H, P) from the features at the origin (B, F) and known (H, B, covariates)."""
        return self._apply_head(h, None if self.ahead is None else self.ahead(known).movedim(0, 1))

    def _apply_head(self, h: Tensor, ahead: Tensor | None) -> Tensor:
        a = self.steps(h).unflatten(-1, (self.horizon, self.size))
        y: Tensor = self.head(torch.tanh(a if ahead is None else a + ahead))
        return y

    def parts(self) -> list[str | Stack]:
        """Return the parts of the model for :func:`unrolled.models.summary.summarise`."""
        kind = type(self.output).__name__
        return [
            f"output   y_(t,k) = V tanh(A_k h_t + B known_(t+k)) + c   {self.features} → {self.horizon} × "
            f"{self.output.size} ({kind} of z_(t+k))",
            self.recurrent,
            f"input    x_t = (z_t, past_t, known_t)   {self.recurrent.input_size}",
        ]
