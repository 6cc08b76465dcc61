"""Recurrent forecasters: step by step from their own forecasts, or all steps of a horizon at once."""

import torch
from torch import Tensor, nn

from unrolled.layers import Stack
from unrolled.models.body import RecurrentBody
from unrolled.models.config import CellConfig, DropoutConfig, StackConfig
from unrolled.models.forecast_outputs import ForecastOutput
from unrolled.models.reader import State, make_dropout, make_recurrent


class NumberReader(RecurrentBody):
    """Recurrent layers over vectors of numbers, with dropout before and after.

    Args:
        inputs: I, numbers of one step.
        cell: the mathematics of one step.
        network: size and connections.
        dropout: rates.
    """

    def __init__(self, inputs: int, cell: CellConfig, network: StackConfig, dropout: DropoutConfig) -> None:
        super().__init__()
        self.input_dropout = make_dropout(dropout.dropout_input, dropout)
        self.recurrent = make_recurrent(inputs, cell, network, dropout)
        self.output_dropout = make_dropout(dropout.dropout_output, dropout)

    def read(
        self, x: Tensor, state: State | None = None, *, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Return what stands above the recurrent layers at every step (T, B, F), and the final state.

        Args:
            x: (T, B, I).
            state: what the last call returned; None starts from zeros.
            lengths: number of steps of each row.
        """
        h, final = self.recurrent(self.input_dropout(x), state, lengths=lengths)
        return self.output_dropout(h), final if isinstance(final, tuple) else (final,)


class RecursiveForecaster(NumberReader):
    """One step ahead, p(z_t | z_1 … z_{t−1}, known_1 … known_t); further steps read their own forecasts.

    x_t = (z_{t−1}, known_t), y_t = V h_t + c says what z_t will be (Salinas et al. 2020, DeepAR).

    Args:
        known: number of covariates known ahead.
        output: reads y_t.
        cell: the mathematics of one step.
        network: size and connections.
        dropout: rates.
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
        """Return y (T, B, P) of every step, each from the truth before it, and the state after the last."""
        h, final = self.read(x, state, lengths=lengths)
        return self.head(h), final

    def roll_out(self, y: Tensor, state: State, known: Tensor, *, draw: bool) -> Tensor:
        """Go on from what is said of the first step, each step reading the value of the one before.

        Args:
            y: (B, P), of the first step.
            state: after it.
            known: (H, B, covariates) of all H steps.
            draw: take a random value of each step's distribution; else its centre.

        Returns:
            z (B, H).
        """
        take = self.output.sample if draw else self.output.centre
        steps = [take(y)]
        for ahead in known[1:]:
            h, state = self.read(torch.cat([steps[-1][:, None], ahead], -1)[None], state)
            steps.append(take(self.head(h[0])))
        return torch.stack(steps, 1)

    def parts(self) -> list[str | Stack]:
        """Return what stands on what; see :func:`unrolled.models.summary.summarise`."""
        kind = type(self.output).__name__
        return [
            f"output   y_t = V h_t + c   {self.features} → {self.output.size} ({kind} of z_t)",
            self.recurrent,
            f"input    x_t = (z_(t-1), known_t)   1 + {self.recurrent.input_size - 1}",
        ]


class DirectForecaster(NumberReader):
    """All steps of a horizon from one state, p(z_{t+k} | z_1 … z_t, covariates), k = 1 … H.

    x_t = (z_t, past_t, known_t); y_{t,k} = V tanh(A_k h_t + B known_{t+k}) + c. It is trained from every step
    of a window (forking sequences, Wen et al. 2017).

    Args:
        past: number of covariates known up to the present only.
        known: number of covariates known ahead.
        horizon: H.
        output: reads y_{t,k}.
        cell: the mathematics of one step.
        network: size and connections.
        dropout: rates.
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
        """Return y (T, B, H, P) as seen from every step, and the state after the last.

        Args:
            x: (T, B, I).
            known: (T + H − 1, B, covariates) of the steps from the second on: of steps 2 … T + H.
            state: what the last call returned.
            lengths: number of steps of each row.
        """
        h, final = self.read(x, state, lengths=lengths)
        ahead = None if self.ahead is None else self.ahead(known).unfold(0, self.horizon, 1).movedim(-1, -2)
        return self._say(h, ahead), final

    def horizon_from(self, h: Tensor, known: Tensor) -> Tensor:
        """Return y (B, H, P) from the features at the origin (B, F) and known (H, B, covariates)."""
        return self._say(h, None if self.ahead is None else self.ahead(known).movedim(0, 1))

    def _say(self, h: Tensor, ahead: Tensor | None) -> Tensor:
        a = self.steps(h).unflatten(-1, (self.horizon, self.size))
        y: Tensor = self.head(torch.tanh(a if ahead is None else a + ahead))
        return y

    def parts(self) -> list[str | Stack]:
        """Return what stands on what; see :func:`unrolled.models.summary.summarise`."""
        kind = type(self.output).__name__
        return [
            f"output   y_(t,k) = V tanh(A_k h_t + B known_(t+k)) + c   {self.features} → {self.horizon} × "
            f"{self.output.size} ({kind} of z_(t+k))",
            self.recurrent,
            f"input    x_t = (z_t, past_t, known_t)   {self.recurrent.input_size}",
        ]
